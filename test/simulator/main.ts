/**
 * A provider as a process of its own. The first line of standard input says which one (SimulationOptions), every
 * further one is an Order; an empty one only asks. Prints JSON lines: `listening` first, `received` for every message
 * whose final dot it saw, and after each order `report`. Ends with its standard input.
 *
 *   echo '{"provider":"gmail","credentials":{"a@shop.example":{"password":"abcd"}}}' | node test/simulator/main.ts
 */
import { createInterface } from 'node:readline';
import { startUpstream } from '../support/upstream.ts';
import { type Order, Simulation, type SimulationOptions } from './simulation.ts';

const say = (line: object): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const first = await lines.next();
const options = JSON.parse(String(first.value)) as SimulationOptions;
const simulation = new Simulation(options);
const { name, tls, mechanisms, extensions } = simulation.provider;

const upstream = await startUpstream({
  name,
  tls,
  mechanisms,
  extensions,
  accounts: Object.fromEntries(
    Object.entries(options.credentials).map(([username, { password }]) => [username, password]),
  ),
  keepBodies: false,
  keepMessages: false,
  onMessage: ({ authenticatedAs, reversePath, recipients, session, reply }) =>
    say({
      is: 'received',
      atMs: simulation.nowMs(),
      username: authenticatedAs,
      reversePath,
      recipients: recipients.map(({ forwardPath }) => forwardPath),
      session,
      reply,
    }),
  behave: (situation) => simulation.behave(situation),
  onSessionEnd: (session) => simulation.onSessionEnd(session),
});
say({ is: 'listening', port: upstream.port, ca: upstream.ca });

for await (const line of { [Symbol.asyncIterator]: () => lines }) {
  const order = JSON.parse(line) as Order;
  for (const [username, { password }] of Object.entries(order.credentials ?? {})) {
    upstream.setPassword(username, password);
  }
  simulation.apply(order);
  say({ is: 'report', report: simulation.report(), commands: simulation.commands });
}
await upstream.close();
