/** What somebody has to do in a browser (RFC 8628 section 3.2). */
export interface DeviceCode {
  readonly is: 'begun';
  readonly url: string;
  readonly userCode: string;
  /** The address with the code in it; null: the provider has none. */
  readonly completeUrl: string | null;
  /** The first question may be asked after so long. */
  readonly waitMs: number;
  readonly expiresAtMs: number;
}

/** How far it is. */
export type DeviceProgress =
  | { readonly is: 'pending'; readonly waitMs: number }
  | { readonly is: 'done' }
  | DeviceRefusal;

export interface DeviceRefusal {
  readonly is: 'refused';
  readonly detail: string;
}
