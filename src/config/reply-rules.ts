import { z } from 'zod';
import type { StatusDetail } from '../mail/reply.ts';
import { type Phase, REASON_CLASSES } from '../relay/outcome.ts';
import { ACTIONS, type Particulars, type ReplyRule } from '../relay/reply-rule.ts';
import { duration } from './schema/kinds.ts';

export const PHASES = [
  'connect',
  'greeting',
  'ehlo',
  'starttls',
  'auth',
  'mail',
  'rcpt',
  'data',
  'end-of-data',
  'quit',
] as const satisfies readonly Phase[];

const phase = z.enum(PHASES);

/** One or several. */
const some = <T extends z.ZodType>(one: T) =>
  z
    .union([one, z.array(one).min(1)])
    .transform((value): z.output<T>[] =>
      Array.isArray(value) ? (value as z.output<T>[]) : [value as z.output<T>],
    );

const pattern = z.string().transform((source, context): RegExp => {
  try {
    return new RegExp(source, 'i');
  } catch (error) {
    context.addIssue({ code: 'custom', message: String(error), input: source });
    return z.NEVER;
  }
});

/** `reply_rules:` of a preset. The first rule whose conditions all hold decides. */
export const replyRuleSchema = z.strictObject({
  phase: some(phase).optional(),
  /** Reply codes, or a class as its first digit. */
  code: some(z.int().min(4).max(599)).optional(),
  /** Enhanced statuses of RFC 3463 without their class: `7.1`. */
  status: some(
    z
      .string()
      .regex(/^\d{1,3}\.\d{1,3}$/)
      .transform((text) => text as StatusDetail),
  ).optional(),
  /** Regular expression, letter case aside; see ReplyRule for its named groups. */
  text: pattern.optional(),
  action: z.enum(ACTIONS),
  reason: z.enum(REASON_CLASSES).optional(),
  /** What an operator can do, in plain words. */
  hint: z.string().optional(),
  /** Pause lengths per consecutive occurrence, in place of the action's own. */
  waits: z.array(duration()).min(1).optional(),
  /** Where the action alone would say otherwise. */
  may_fail_over: z.boolean().optional(),
  /** Replies as the provider gives them; the rule's tests. */
  samples: z.array(z.strictObject({ phase, reply: z.string() })).min(1),
});

export type ReplyRuleData = z.output<typeof replyRuleSchema>;

export function compileRule(data: ReplyRuleData): ReplyRule {
  const { waits, may_fail_over: mayFailOver } = data;
  const particulars: Particulars = {
    ...(waits === undefined ? {} : { waitsMs: waits }),
    ...(mayFailOver === undefined ? {} : { mayFailOver }),
  };
  return {
    ...(data.phase === undefined ? {} : { phases: data.phase }),
    ...(data.code === undefined ? {} : { codes: data.code }),
    ...(data.status === undefined ? {} : { details: data.status }),
    ...(data.text === undefined ? {} : { text: data.text }),
    judgement: [data.action, data.reason ?? null, data.hint, particulars],
  };
}
