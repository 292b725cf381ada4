import { z } from 'zod';
import type { PathPart } from './document.ts';
import { relaySchema } from './schema/relay.ts';

/** Keys that a mapping at this path of relay.yaml may have. */
export function knownKeys(path: readonly PathPart[]): string[] {
  let schema: z.core.$ZodType | null = relaySchema;
  for (const part of path) schema = schema === null ? null : step(unwrapped(schema), part);
  const mapping = schema === null ? null : unwrapped(schema);
  return mapping instanceof z.ZodObject ? Object.keys(mapping.shape) : [];
}

function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault) {
    return unwrapped(schema.def.innerType);
  }
  return schema;
}

function step(schema: z.core.$ZodType, part: PathPart): z.core.$ZodType | null {
  if (schema instanceof z.ZodObject) {
    const shape: Record<string, z.core.$ZodType> = schema.shape;
    return shape[part] ?? null;
  }
  if (schema instanceof z.ZodRecord) return schema.def.valueType;
  if (schema instanceof z.ZodArray) return schema.def.element;
  return null;
}
