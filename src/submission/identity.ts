/** Who a session is: a client, or an account whose own credentials were given (`account_login`). */
export interface Identity {
  readonly is: 'client' | 'account';
  readonly name: string;
  /** By password, not by network: the `A` of ESMTPA (RFC 3848). */
  readonly authenticated: boolean;
}

/** How the identity is called in events, messages and limits. */
export function identityName(identity: Identity): string {
  return identity.is === 'account' ? `account:${identity.name}` : identity.name;
}
