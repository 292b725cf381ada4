import { z } from 'zod';

/** `domain:` of config/providers/NAME.json: what a customer's domain needs in the DNS. */
export const domainFactsSchema = z.strictObject({
  /** Name of the SPF record that lists the provider's servers; absent where none is asked for. */
  spf_include: z.string().optional(),
  /**
   * Whose domain the reverse-path has at the recipient's: the message's own (`kept`), that of the
   * account's username, or one of the provider's, so that SPF says nothing about ours.
   */
  reverse_path: z.enum(['kept', 'username', 'replaced']),
  dkim: z.strictObject({
    /** Those every customer has; empty when they differ. */
    selectors: z.array(z.string()),
    /** Whether all of them have to be there, or customers have one of them. */
    needed: z.enum(['all', 'one']).prefault('all'),
    /** Where the records point to, with {selector} and {domain}; `*` is the customer's own part. */
    cname: z.string().optional(),
    /** Where the customer finds the records. */
    hint: z.string(),
  }),
  /** Domains of the provider's own, for which its customers publish nothing. */
  own: z.array(z.string()).prefault([]),
  /** TXT record below the domain with which its ownership was once proved. */
  verification: z.string().optional(),
});

export type DomainFacts = z.output<typeof domainFactsSchema>;
