/** A complete relay.yaml with one client, one account and one route; needs mode 0600 for its secrets. */
export const minimal = `
clients:
  shop: {password: shop-password, senders: ["@shop.example"]}
accounts:
  up: {host: mail.example, username: up@shop.example, password: up-password}
routes:
  - {sender: "*", accounts: [up]}
`;

/** The same with other keys in the account. */
export function withAccount(keys: string): string {
  return minimal.replace(/ {2}up: .*/, `  up: {${keys}}`);
}
