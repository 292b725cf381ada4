/** Speeds and delays that no configuration changes; tests do. */
export interface Pace {
  /** Wait before the n-th wrong password of a session is answered; the last repeats. */
  readonly loginDelaysMs: readonly number[];
  /** A message must come at least this fast, measured over `dataWindowMs`. */
  readonly dataBytesPerSecond: number;
  readonly dataWindowMs: number;
  /**
   * A client at its connection limit loses a session without commands for this long to a new one.
   */
  readonly replaceableIdleMs: number;
  /** Between a change of a certificate's files and their reading: renewals write several. */
  readonly certificateSettleMs: number;
}

export const defaultPace: Pace = {
  loginDelaysMs: [250, 500, 1_000, 2_000, 4_000],
  dataBytesPerSecond: 500,
  dataWindowMs: 60_000,
  replaceableIdleMs: 10_000,
  certificateSettleMs: 250,
};

/** One session. */
export const badCommandsMax = 10;
export const unauthenticatedCommandsMax = 20;
export const wrongPasswordsMax = 5;

/**
 * RFC 5321 section 4.5.3.1.4 asks for 512, its extensions (RFC 3461, RFC 6531) for about 1.5 KiB
 * more.
 */
export const commandLineBytesMax = 4096;
/** RFC 4954 section 4: the longest line of an authentication exchange. */
export const authLineBytesMax = 12_288;
/** Beyond it the connection is closed without looking for the line's end. */
export const parserLineBytesMax = 16_384;
