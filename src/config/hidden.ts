import type { Account } from '../relay/account.ts';
import type { AlertSettings } from '../relay/alert.ts';
import type { Settings } from '../relay/settings.ts';

export interface HiddenValue {
  /** `['accounts', 'gmail', 'password']` */
  readonly path: readonly string[];
  readonly value: string;
}

/**
 * What `describeSettings` does not show, by the path where it stands in for it. For comparing only:
 * nothing of it may be printed.
 */
export function hiddenValues(settings: Settings): HiddenValue[] {
  const hidden: HiddenValue[] = [];
  const add = (path: readonly string[], value: string | null | undefined): void => {
    if (value !== null && value !== undefined) hidden.push({ path, value });
  };
  for (const { name, password } of settings.clients.values()) {
    add(
      ['clients', name, 'password'],
      password?.is === 'plain' ? password.value.reveal() : password?.hash,
    );
  }
  for (const account of settings.accounts.values()) {
    for (const [keys, value] of accountValues(account))
      add(['accounts', account.name, ...keys], value);
  }
  const { mailgun, postmark, brevo } = settings.feedback ?? {};
  add(['feedback', 'mailgun', 'signing_key'], mailgun?.signingKey.reveal());
  add(['feedback', 'postmark', 'password'], postmark?.password.reveal());
  add(['feedback', 'brevo', 'token'], brevo?.token.reveal());
  add(['observe', 'token'], settings.observe.token?.reveal());
  addAlerts(settings.notifications.alerts, add);
  for (const [name, value] of settings.observe.tracing?.headers ?? []) {
    add(['observe', 'tracing', 'headers', name], value.reveal());
  }
  return hidden;
}

function addAlerts(
  { destinations, heartbeat }: AlertSettings,
  add: (path: readonly string[], value: string | null | undefined) => void,
): void {
  for (const [index, one] of destinations.entries()) {
    // Webhooks come first, so that their index is that of the file.
    if (one.is !== 'webhook') continue;
    const at = ['notifications', 'webhooks', String(index)];
    add([...at, 'url'], one.url.reveal());
    add([...at, 'secret'], one.secret?.reveal());
  }
  add(['notifications', 'heartbeat', 'url'], heartbeat?.url.reveal());
}

function accountValues(
  account: Account,
): (readonly [keys: readonly string[], value: string | null | undefined])[] {
  const { password, next, oauth2, proxy, tls } = account;
  const grant = oauth2?.grant;
  const own = grant?.is === 'service-account' ? null : grant;
  const service = grant?.is === 'service-account' ? grant : null;
  return [
    [['password'], password?.reveal()],
    [['next_password'], next?.password.reveal()],
    [['oauth2', 'client_secret'], own?.clientSecret?.reveal()],
    [
      ['oauth2', 'refresh_token'],
      grant?.is === 'refresh-token' ? grant.refreshToken?.reveal() : null,
    ],
    [
      ['oauth2', 'service_account'],
      service && JSON.stringify([service.issuer, service.privateKey.reveal()]),
    ],
    [['proxy'], proxy?.login?.password.reveal()],
    [['tls', 'ca'], tls.ca],
    [
      ['tls', 'client_certificate'],
      tls.certificate && JSON.stringify([tls.certificate, tls.key?.reveal()]),
    ],
  ];
}
