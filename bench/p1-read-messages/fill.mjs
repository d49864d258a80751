// Fills the database over REST: two tenants, their conversations, sixty messages in each.
import { setTimeout as sleep } from 'node:timers/promises';

/** Messages in a conversation. */
export const LENGTH = 60;

const DOCUMENT = `# Returns

Unused goods may be returned within 60 days. Send them to the warehouse with the slip from the parcel; we pay the postage.

# Delivery

Orders leave the warehouse on the day after they were placed. Parcels to Sweden and Norway take two working days.

# Warranty

Every tent has a warranty of ten years against faults of material and sewing. Zips are repaired free of charge.
`;
/** What the document answers. */
export const QUESTIONS = ['Within how many days may unused goods be returned?', 'How long is the warranty of a tent?'];
const CONTACT = [
  'Hello, I have a question about my order.',
  'It is the large tent, the one with the two doors. It came last Tuesday.',
  'The zip of the inner door runs hard; I do not want to break it on the first trip. Is that as it should be, or did I get a bad one?',
  'Thank you. I can send a picture if that helps.',
  'Yes, that is the number on the parcel. The slip says 2 of 2.',
  'Good to know. We leave on Friday, so it would be best if the part came before.',
];
const AGENT = [
  'Good morning! Of course, tell me what it is about.',
  'I have found the order. Both parcels were delivered on the 17th.',
  'A new zip runs hard at first. Rub a little candle wax along it, or the stick that lies in the bag with the pegs. If it still sticks after ten times up and down, we send you a new inner tent.',
  'A picture is welcome. You can simply drop it here.',
  'I have put a spare slider in the post for you, free of charge. It arrives on Thursday at the latest.',
  'Have a good trip, and write again if anything is missing.',
];

/** Uploads the shop's document to a tenant, and waits until it has been read. */
export async function document(samtal, tenant) {
  const form = new FormData();
  form.append('file', new Blob([DOCUMENT], { type: 'text/markdown' }), 'shop.md');
  const { id } = await samtal.api(tenant, 'POST', '/documents', form);
  for (;;) {
    const { state, error } = await samtal.api(tenant, 'GET', `/documents/${id}`);
    if (state === 'ready') return;
    if (state === 'failed') throw new Error(`The document was not read: ${error}`);
    await sleep(100);
  }
}

/**
 * One conversation. The thirty latest messages, which the race reads, are words of both sides (24), two answers of the
 * assistant with their citations and the questions before them (4), and two events.
 */
async function conversation(samtal, tenant, number) {
  const contact = { name: `Contact ${number}`, email: `contact${number}@example.org` };
  const { id } = await samtal.api(tenant, 'POST', '/conversations', { contact });
  const path = `/conversations/${id}`;
  let seq = 0;
  const say = (from, text) => samtal.api(tenant, 'POST', `${path}/messages`, { text, client_id: `m-${++seq}`, from });
  const event = (name) => (seq++, samtal.api(tenant, 'POST', `${path}/${name}`));
  const talk = async (upto) => {
    while (seq < upto) {
      const words = seq % 2 ? CONTACT : AGENT;
      await say(seq % 2 ? 'contact' : 'agent', words[(seq >> 1) % words.length]);
    }
  };
  await event('handoff');
  await talk(50);
  await event('handback');
  for (const question of QUESTIONS) {
    await say('contact', question);
    seq++;
    for (let tries = 0; (await samtal.api(tenant, 'GET', path)).last_seq < seq; tries++) {
      if (tries > 1200) throw new Error('The assistant does not answer.');
      await sleep(50);
    }
  }
  await event('handoff');
  await talk(LENGTH);
  return id;
}

/** Fills, and gives the conversations as `{ id, tenant }`. */
export async function fill(samtal, count) {
  const tenants = [1, 2].map((n) => samtal.tenant(`Fjällhus ${n} AB`, `owner${n}@fjallhus.example`));
  for (const tenant of tenants) await document(samtal, tenant);
  const made = [];
  let next = 0;
  const worker = async () => {
    for (let number = next++; number < count; number = next++) {
      const tenant = tenants[number % 2];
      made[number] = { id: await conversation(samtal, tenant, number), tenant };
      if (process.stderr.isTTY) process.stderr.write(`\r${number + 1} of ${count} conversations `);
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  if (process.stderr.isTTY) process.stderr.write('\n');
  samtal.sql('vacuum analyze');
  samtal.sql('checkpoint');
  return made;
}
