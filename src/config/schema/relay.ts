import { z } from 'zod';
import { accountsSchema } from './accounts.ts';
import { clientsSchema } from './clients.ts';
import { feedbackSchema, suppressionSchema } from './feedback.ts';
import { hostName } from './kinds.ts';
import { limitsSchema } from './limits.ts';
import { listenersSchema } from './listeners.ts';
import { notificationsSchema } from './notifications.ts';
import { controlSchema, logSchema, observeSchema } from './operate.ts';
import { queueSchema } from './queue.ts';
import { failoverSchema, routesSchema } from './routes.ts';

/** The whole of relay.yaml. Types, defaults, JSON schema, example and man page all come from it. */
export const relaySchema = z
  .strictObject({
    hostname: hostName()
      .optional()
      .meta({
        description:
          "Name of this relay in EHLO, Received, Message-ID and Reporting-MTA. Default: the machine's " +
          'name when it has a domain, else localhost.localdomain.',
        examples: ['relay.example.org'],
      }),
    listeners: listenersSchema,
    limits: limitsSchema,
    clients: clientsSchema,
    accounts: accountsSchema,
    routes: routesSchema,
    failover: failoverSchema,
    queue: queueSchema,
    notifications: notificationsSchema,
    feedback: feedbackSchema,
    suppression: suppressionSchema,
    observe: observeSchema,
    control: controlSchema,
    log: logSchema,
  })
  .meta({ title: 'relay.yaml', description: 'The configuration of relayd.' });

/**
 * relay.yaml as read: notations turned into numbers, defaults filled in, references not yet
 * followed.
 */
export type RelayConfig = z.output<typeof relaySchema>;
export type ListenerConfig = RelayConfig['listeners'][number];
export type ClientConfig = RelayConfig['clients'][string];
export type AccountConfig = RelayConfig['accounts'][string];
export type RouteConfig = RelayConfig['routes'][number];
