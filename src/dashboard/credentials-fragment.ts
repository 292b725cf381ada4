import type { AccountDetail } from '../control/reports.ts';
import type { CredentialUse } from '../relay/credential.ts';
import { foreign, type Html, html } from './html.ts';
import type { Snapshot } from './snapshot.ts';
import { ago, day, daysLeft, state } from './words.ts';

/** What each account shows its upstream, and what the upstream shows it. */
export function credentialsFragment({ status, details, nowMs }: Snapshot): Html {
  const rows = status.accounts.flatMap(({ name }) => details.get(name) ?? []);
  if (rows.length === 0) return html`<p class="empty">Nothing is known yet.</p>`;
  return html`<table class="cards">
<caption class="vh">Certificates of upstreams and credentials of accounts</caption>
<thead><tr><th scope="col">Account</th><th scope="col">Server</th><th scope="col">Certificate</th>
<th scope="col">Ends</th><th scope="col">TLS</th><th scope="col">Credentials</th></tr></thead>
<tbody>${rows.map((detail) => row(detail, nowMs))}</tbody></table>`;
}

function row(
  { account, certificate, tls, exception, credentials }: AccountDetail,
  nowMs: number,
): Html {
  const { name, host, port, username } = account;
  const until = exception === null ? null : daysLeft(exception.untilMs, nowMs);
  return html`<tr data-key="credentials-${name}"><th scope="row">${foreign(name)}</th>
<td data-label="Server">${host}:${port}</td>
<td data-label="Certificate">${
    certificate === null
      ? html`<span class="muted">none seen yet</span>`
      : html`${foreign(certificate.subject, 200)} <small>by ${foreign(certificate.issuer, 200)}</small>`
  }</td>
<td data-label="Ends">${certificate === null ? '–' : ends(certificate.validToMs, nowMs)}</td>
<td data-label="TLS">${tls}${until === null ? null : html` <small>exception: ${until.text}</small>`}</td>
<td data-label="Credentials">${username === null ? null : html`${foreign(username)} `}${
    credentials.length === 0
      ? html`<span class="muted">none needed</span>`
      : credentials.map((one) => slot(one, nowMs))
  }</td></tr>`;
}

function ends(validToMs: number, nowMs: number): Html {
  const { text, tone } = daysLeft(validToMs, nowMs);
  return html`${state(tone, text)} <small>${day(validToMs)}</small>`;
}

function slot({ slot: name, inUse, ...known }: CredentialUse, nowMs: number): Html {
  const { firstSeenAtMs, lastAcceptedAtMs, refusedAtMs } = known;
  const tone = refusedAtMs !== null ? 'bad' : lastAcceptedAtMs !== null ? 'ok' : 'off';
  const accepted =
    lastAcceptedAtMs === null ? 'never accepted' : html`accepted ${ago(lastAcceptedAtMs, nowMs)}`;
  const refused = refusedAtMs === null ? null : html`, refused ${ago(refusedAtMs, nowMs)}`;
  return html`<span class="slot">${state(tone, inUse ? `${name} in use` : name)}
<small>${accepted}${refused}, known ${ago(firstSeenAtMs, nowMs)}</small></span> `;
}
