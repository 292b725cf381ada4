import { z } from 'zod';
import { relaySchema } from '../../src/config/schema/relay.ts';

/** The part of JSON Schema that relay.yaml's schema uses. */
export interface JsonSchema {
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

/** What relay.yaml may hold, for editors and for the generators beside this file. */
export function jsonSchema(): JsonSchema {
  return z.toJSONSchema(relaySchema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema: target }) => {
      // zod drops the examples of what it transforms, taking them for results; ours are what people write.
      const examples = z.globalRegistry.get(zodSchema)?.examples;
      if (Array.isArray(examples)) target.examples = examples;
    },
  }) as JsonSchema;
}

/** What a key that is not in use is shown with: its default, or an example where that says more. */
export function shownValue(schema: JsonSchema): unknown {
  const [example] = schema.examples ?? [];
  if (schema.default !== undefined && !(isEmpty(schema.default) && example !== undefined)) {
    return schema.default;
  }
  return example ?? schema.enum?.[0] ?? schema.const;
}

/** `{}`, `[]` and `[{}]`: all below them is at its default. */
export function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && /^[[\]{}]*$/.test(JSON.stringify(value));
}

/** The schema of entries whose names people choose. */
export function entrySchema(schema: JsonSchema): JsonSchema | null {
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : null;
}
