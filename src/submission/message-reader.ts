import { formatDateTime } from '../mail/date-time.ts';
import type { HeaderScan } from '../mail/header-scan.ts';
import { formatReceived, protocolName } from '../mail/received.ts';
import type { MessageId } from '../relay/message.ts';
import type { AcceptTrace } from '../relay/trace-context.ts';
import { type Accepted, acceptMessage, ownMessageId } from './accept.ts';
import { BodySink } from './body-sink.ts';
import { capturedFields } from './captured-fields.ts';
import { DataPace } from './data-pace.ts';
import { Intake, type Refused } from './intake.ts';
import { reportDiscarded, reportRefusal } from './message-events.ts';
import { queuedAs, REPLIES } from './replies.ts';
import { type MessageSource, remoteName, type Session, type Transaction } from './session.ts';
import { traceOf } from './tracing.ts';

/** From 354 to the reply to the final dot. */
export class MessageReader implements MessageSource {
  readonly #session: Session;
  readonly #transaction: Transaction;
  readonly #id: MessageId;
  readonly #protocol: string;
  readonly #sink: BodySink;
  readonly #intake: Intake;
  readonly #pace: DataPace;
  #traced: AcceptTrace | null = null;
  #finished = false;

  constructor(session: Session, transaction: Transaction) {
    const { core } = session;
    const { settings } = transaction;
    this.#session = session;
    this.#transaction = transaction;
    this.#id = core.newMessageId();
    this.#protocol = protocolName({
      extended: session.extended,
      secure: session.secure,
      authenticated: transaction.identity.authenticated,
      smtpUtf8: transaction.parameters.smtpUtf8,
    });
    this.#sink = new BodySink({ memory: core.memory, spool: core.spool, id: this.#id });
    this.#intake = new Intake({
      sink: this.#sink,
      limits: settings.limits,
      bytesMax: transaction.bytesMax,
      capture: capturedFields(settings),
      trace: this.#trace(),
      missingFields: (header) => this.#missingFields(header),
    });
    this.#pace = new DataPace({
      bytesPerSecond: core.pace.dataBytesPerSecond,
      windowMs: core.pace.dataWindowMs,
      stallMs: settings.limits.timeouts.dataMs,
      onSlow: () => session.refuse({ reply: REPLIES.slowData, why: 'slow' }),
    });
  }

  push(chunk: Buffer): number {
    this.#pace.count(chunk.length);
    return this.#intake.push(chunk);
  }

  pressure(): Promise<void> | null {
    const pressure = this.#sink.pressure();
    if (pressure !== null) this.#pace.excuse();
    return pressure;
  }

  finish(next: () => void): void {
    this.#finished = true;
    this.#pace.stop();
    void this.#conclude().then(() => this.#session.dataDone(next));
  }

  /** The session ended. Before the final dot nothing is kept; after it the whole message is. */
  abort(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#pace.stop();
    void this.#sink.discard();
    reportRefusal(this.#session.core, this.#transaction, { reply: null, why: 'aborted' });
  }

  async #conclude(): Promise<void> {
    const result = this.#intake.refused ?? (await this.#accept());
    this.#sink.release();
    this.#session.transaction = null;
    if ('why' in result) {
      await this.#sink.discard();
      reportRefusal(this.#session.core, this.#transaction, result);
      this.#session.reply(result.reply);
      return;
    }
    // Only now, after the commit, may the client believe that it is rid of the message.
    this.#session.forgive();
    this.#session.reply(queuedAs(this.#id));
    this.#tell(result);
    result.start();
  }

  #accept(): Promise<Accepted | Refused> {
    const intake = this.#intake;
    const { settings } = this.#transaction;
    this.#traced = traceOf(settings, intake.header);
    return acceptMessage(this.#session.core, {
      transaction: this.#transaction,
      id: this.#id,
      header: intake.header,
      eightBit: intake.eightBit,
      bytes: this.#sink.bytes,
      trace: this.#traced,
      body: () => this.#sink.finish(),
    });
  }

  #trace(): Buffer {
    const { core, helo, remoteAddress } = this.#session;
    const { recipients, settings } = this.#transaction;
    return formatReceived({
      helo: helo ?? '',
      remoteAddress: remoteAddress === '' ? null : remoteAddress,
      by: settings.hostname,
      protocol: this.#protocol,
      id: this.#id,
      forwardPath: recipients.length === 1 ? (recipients[0]?.forwardPath ?? null) : null,
      atMs: core.clock(),
    });
  }

  /** RFC 6409 section 8.1 and 8.2 */
  #missingFields(header: HeaderScan): string {
    const { hostname } = this.#transaction.settings;
    const date = header.values.has('date')
      ? ''
      : `Date: ${formatDateTime(this.#session.core.clock())}\r\n`;
    const id = header.values.has('message-id')
      ? ''
      : `Message-ID: ${ownMessageId(this.#id, hostname)}\r\n`;
    return date + id;
  }

  #tell({ parts }: Accepted): void {
    const { core } = this.#session;
    const { startedAtMs } = this.#transaction;
    for (const { message, plan } of parts) {
      core.emit({
        is: 'message.accepted',
        id: message.id,
        client: message.client,
        reversePath: message.envelope.reversePath,
        recipients: message.envelope.recipients.length,
        bytes: message.bytes,
        lane: plan.lane,
        messageIdField: message.messageIdField,
        protocol: this.#protocol,
        remote: remoteName(this.#session),
        tookMs: core.clock() - startedAtMs,
        ...(this.#traced === null ? {} : { trace: this.#traced }),
      });
      if (plan.action === 'discard') reportDiscarded(core, message);
    }
  }
}
