import type { CertificateFacts } from '../delivery/certificate.ts';
import { printable } from '../lib/printable.ts';
import type { Io } from './io.ts';
import type { PortReport, SurveyReport } from './probe-report.ts';
import { type Column, facts, table } from './table.ts';
import { count } from './text.ts';
import { instant } from './words.ts';

const HEAD: readonly Column[] = [
  { title: 'PORT', align: 'right' },
  { title: 'STATE' },
  { title: 'TLS' },
  { title: 'CERTIFICATE', shrinkTo: 12 },
  { title: 'AUTH', shrinkTo: 8 },
  { title: 'LOGIN', shrinkTo: 8 },
  { title: 'VERDICT', shrinkTo: 20 },
];

/** The table of the ports, what each open one showed, and the lines for relay.yaml. */
export function renderSurvey(report: SurveyReport, { columns }: Pick<Io, 'columns'>): string {
  const rows = report.ports.map(row);
  const details = report.ports.map(portDetails).filter((text) => text !== '');
  const notes = report.notes.map((note) => `${printable(note)}\n`);
  return [table(HEAD, rows, columns), ...details, ...notes, conclusion(report)].join('\n');
}

function row(port: PortReport): string[] {
  return [
    String(port.port),
    port.state,
    tlsWord(port),
    certificateWord(port),
    printable(port.auth.join(' ')) || '-',
    loginWord(port),
    printable(port.verdict),
  ];
}

function tlsWord({ mode, protocol }: PortReport): string {
  if (mode === null) return '-';
  const [version] = (protocol ?? '').split(' ');
  return mode === 'none' ? 'none' : `${mode} ${version}`;
}

function certificateWord({ certificate, daysLeft }: PortReport): string {
  if (certificate === null || daysLeft === null) return '-';
  if (certificate.faults.length > 0) return certificate.faults.join(', ');
  return `good, ${count(daysLeft, 'day')} left`;
}

function loginWord({ login }: PortReport): string {
  if (login === null || login.detail === '') return '-';
  return login.ok === null ? 'not tried' : login.ok ? 'ok' : 'failed';
}

function portDetails(port: PortReport): string {
  const { certificate, detail, login } = port;
  const lines = facts([
    ['Why', detail === '' ? null : printable(detail)],
    ['Address', port.address === null ? null : printable(port.address)],
    ['Banner', port.banner === null ? null : printable(port.banner)],
    ['TLS', port.protocol === null ? null : printable(port.protocol)],
    ['Certificate', certificate && printable(`${certificate.subject}, by ${certificate.issuer}`)],
    ['Names', certificate && printable(certificate.names.join(', '))],
    ['Valid', certificate && validity(certificate, port.daysLeft ?? 0)],
    ['Trust', certificate?.chainError == null ? null : printable(certificate.chainError)],
    ['Chain', certificate && printable(chainText(certificate))],
    ['Pin', certificate && `sha256//${certificate.pin}`],
    ['Login', login === null || login.detail === '' ? null : printable(login.detail)],
    ['Hint', login?.hint == null ? null : printable(login.hint)],
  ]);
  return `Port ${port.port}\n${lines.replace(/^(?=.)/gm, '  ')}`;
}

function validity(
  { validFromMs, validToMs }: { readonly validFromMs: number; readonly validToMs: number },
  daysLeft: number,
): string {
  const left =
    daysLeft < 0 ? `ended ${count(-daysLeft, 'day')} ago` : `${count(daysLeft, 'day')} left`;
  return `${instant(validFromMs)} to ${instant(validToMs)}, ${left}`;
}

function conclusion({ best, host }: SurveyReport): string {
  if (best === null) return `No port of ${printable(host)} can be used.\n`;
  const lines = best.lines.map((line) => `${printable(line)}\n`).join('');
  return `Use port ${best.port}. In relay.yaml:\n\n${lines}`;
}

/** Subjects of the certificates the peer sent, its own first. */
function chainText({ subject, chain }: CertificateFacts): string {
  return [subject, ...chain.map((link) => link.subject)].join(' <- ');
}
