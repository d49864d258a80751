// The attacker, a process of its own: told which attack, it begins it; told to stop, it says what it met and ends.
import os from 'node:os';
import { ATTACKS } from './attacks.mjs';

// On their core the probes come first: the server is to be measured, not the attacker's own need for it.
os.setPriority(10);
const counts = new Map();
const met = (what) => counts.set(what, (counts.get(what) ?? 0) + 1);
// A connection may be cut off at any point. What nobody waits for is met all the same.
process.on('uncaughtException', (error) => met(error.code ?? error.message));
process.on('message', ({ attack, target }) => {
  if (attack) void ATTACKS[attack].go({ ...target, met });
  else process.send([...counts], () => process.exit());
});
process.on('disconnect', () => process.exit());
process.send('ready');
