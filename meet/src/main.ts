// A meeting in the browser: the lobby, the waiting room, the room, and what is shown when it is over. This file joins the parts; each of them stands
// by itself and says what it promises.
//
// Guarantees: nothing is sent to anybody before one has pressed the button of the lobby. What is on is what the buttons say. A cut line, a server that
// restarts, a page that slept and a device that is unplugged are met without a press.

import { Bar, type Order, type Toggle, confirm } from './bar.ts';
import { Call, type Counts, type Listener, type Media, type Way, counts, quality } from './call.ts';
import { Chat } from './chat.ts';
import { type Input, Devices, fault, lent, level, lostKey, screenFault, tone } from './devices.ts';
import { all, find, json, keep, kept, need, press, sentence, text } from './dom.ts';
import { type Joined, type Own, join, own, passed } from './door.ts';
import { Embed, type Stage as Section, brought } from './embed.ts';
import type { ClientFrame, Id, Person, Role, ServerFrame, Settings, Welcome } from './frames.ts';
import { type Act, People } from './people.ts';
import { type Over, type Signal, type Status, signal } from './signal.ts';
import { Stage } from './stage.ts';
import { type Does, Tell } from './tell.ts';
import { type Words, sayer } from './words.ts';

/** What this tab keeps, so that a reload comes back as the same person. */
interface Stay {
  readonly person: Id;
  readonly secret: string;
  readonly name: string;
  /** Whether one was in the room. */
  readonly inside: boolean;
  readonly microphone: boolean;
  readonly camera: boolean;
}

const settings = json<Settings>('[data-meet-settings]');
const say = sayer(json<Words>('[data-meet-words]'));
const main = need('[data-meet]');
const form = need<HTMLFormElement>('form[data-meet-join]');
const enter = need<HTMLButtonElement>('[data-meet-enter]');
// (What begins so goes with a sign-out.)
const KEY = `samtal:meet:${settings.code}`;

const tell = new Tell(need('[data-meet-notice]'), need('[data-meet-alert]'));
const people = new Map<Id, Person>();
const on = { microphone: true, camera: true, screen: false, hand: false, chat: false, people: false, layout: false, sound_only: false };
const faults = new Map<Input, string[]>();

/** Whom the page around has brought. */
const guest = settings.sites ? brought(location.hash) : undefined;
/** As which contact one comes. */
const told = settings.sites ? undefined : own(location.hash);
if (told) {
  // A secret of theirs: neither the address bar nor the history has it any more. A reload finds it in this tab.
  history.replaceState(null, '', location.pathname + location.search);
  keep('sessionStorage', `${KEY}.as`, told);
}
const contact = settings.sites ? undefined : (told ?? kept<Own>('sessionStorage', `${KEY}.as`));
let stay = kept<Stay>('sessionStorage', KEY);
// Who was somebody else in this tab is so no more.
if (told || (guest && stay?.person !== guest.person)) stay = undefined;
let me: Id = '';
let role: Role = 'speaker';
let section: Section = 'lobby';
let line: Signal | undefined;
let way: Way = 'connecting';
/** Said once one was in. */
let cut = false;
/** Why one is not let in just now, in the server's words. */
let keptOut = '';
let screen: MediaStream | undefined;
/** Whether one is being asked which screen. */
let choosing = false;
/** Whether the camera is off for *sound only* alone, and is on again after it. */
let spared = false;
let locked = false;
let began = 0;
let carries = Number.POSITIVE_INFINITY;
let before: Counts | undefined;
let silence: (() => void) | undefined;

const stage = new Stage(say, {
  want: (wanted) => way === 'open' && (settings.livekit ? call.want?.(wanted) : send({ type: 'want', wanted })),
  blocked: () => tell.fault('sound', say('sound_blocked')),
  layout: (layout) => paint('layout', layout === 'speaker'),
});

const chat = new Chat(say, settings.limits.text, settings.language, {
  send: (client_id, words) => send({ type: 'say', client_id, text: words }),
  heard: (name) => tell.notice(say('message_from', { name })),
  failed: (key) => tell.notice(say(key)),
});

const list = new People(say, settings.language, (act, person) => void about(act, person));

const time = { later: (run: () => void, ms: number) => setTimeout(run, ms) as unknown as number, cancel: (timer?: number) => clearTimeout(timer) };
const listener: Listener = {
  way: turned,
  place: (mid, track) => stage.place(mid, track),
  leaves: (mid) => stage.leave(mid),
  shows: (shows) => stage.show(shows),
  speaks: (peer) => stage.speaks(peer),
  carries: (bps) => (carries = bps),
};
const { livekit } = settings;
/** One comes in: what the lobby has no use for is loaded then. */
let comesIn: () => void = () => undefined;
const cameIn = new Promise<void>((go) => (comesIn = go));
const call: Media = livekit
  ? ahead(cameIn.then(() => loaded(livekit)))
  : new Call(
      {
        connection: (config) => new RTCPeerConnection(config),
        offer: (sdp, sources) => send({ type: 'offer', sdp, sources }),
        ...time,
      },
      listener,
    );

const devices = new Devices({
  track: (input, track) => {
    if (track && input === 'microphone') track.enabled = on.microphone;
    if (track) mended(input);
    else if (input === 'camera') on.camera = false;
    void call.send(input, track);
    if (input === 'camera') picture(track);
    else meter(track);
    painted(input);
  },
  failed: (input, error) => {
    const keys = fault(error, input, navigator.userAgent, lent(input));
    // Another one was chosen, and the one before goes on.
    if (devices.track(input)) return tell.notice(keys.map((key) => say(key)).join(' '));
    on[input] = false;
    faults.set(input, keys);
    // It was tried again: it is said again, also to who has put it away.
    tell.fault('device', '');
    faulty();
    painted(input);
  },
  lost: (input, name) => {
    // What was on goes on with another one.
    if (on[input]) queueMicrotask(() => void instead(input, name));
    else tell.notice(say('device_gone', { name }));
  },
  speaker: (id) => stage.hear(id),
  unnamed: (count) => say('unnamed_device', { count }),
  usual: () => say('default_device'),
});

const bar = new Bar({
  toggle: (toggle) => void toggled(toggle),
  order: (order) => void ordered(order),
  react: (emoji) => send({ type: 'react', emoji }),
  listens: () => section === 'room',
  escape: () => {
    if (on.chat) side('chat', false);
    else if (on.people) side('people', false);
  },
});

const around =
  settings.sites && parent !== window
    ? new Embed(settings.sites, document.referrer, {
        post: (told, origin) => parent.postMessage(told, origin),
        now: () => ({ stage: section, microphone: !on.microphone, camera: !on.camera }),
        mute: turnOff,
        hangUp: () => section !== 'over' && line?.leave(),
      })
    : undefined;

function send(frame: ClientFrame): boolean {
  return line?.send(frame) ?? false;
}

/** What speaks with LiveKit. It is tried until it is there, as everything else is. */
async function loaded(address: string): Promise<Media> {
  for (let attempt = 0; ; attempt++) {
    try {
      // A browser may keep that it could not be had.
      const { open } = await import(attempt ? `${address}?${attempt}` : address);
      return open({ ask: () => send({ type: 'connect' }), ...time }, listener);
    } catch {
      tell.fault('way', say('way_closed'));
      await new Promise((go) => setTimeout(go, 3000));
    }
  }
}

/** Something that is not loaded yet: what it is asked it does then, in that order. */
function ahead(loads: Promise<Media>): Media {
  const asked = (name: keyof Media) => (...given: never[]) => loads.then((media) => (media[name] as ((...given: never[]) => unknown) | undefined)?.call(media, ...given));
  return new Proxy({} as Media, { get: (_, name) => (name === 'asks' ? false : asked(name as keyof Media)) });
}

// ── What is on ──────────────────────────────────────────────────────────────────────────────────────────────────────

const TITLES: Partial<Record<Toggle, readonly [on: string, off: string]>> = {
  microphone: ['mute', 'unmute'],
  camera: ['camera_off', 'camera_on'],
  screen: ['unshare', 'share'],
  hand: ['hand_lower', 'hand_raise'],
};

function paint(toggle: Toggle, pressed: boolean): void {
  on[toggle] = pressed;
  const title = TITLES[toggle]?.[pressed ? 0 : 1];
  bar.press(toggle, pressed, title && say(title));
}

/** A device is on or off: the buttons, the others and the next page know. */
function painted(input: Input): void {
  paint(input, on[input] && devices.track(input) !== null);
  state();
  remember();
}

function state(): void {
  if (section !== 'room') return;
  const { microphone, camera, screen } = on;
  send({ type: 'state', microphone, camera, screen });
  call.state?.(on);
  // What is closed because it is over is no news.
  if (line) around?.muted(!microphone, !camera);
}

function remember(): void {
  if (!stay) return;
  const { microphone, camera } = on;
  keep('sessionStorage', KEY, (stay = { ...stay, microphone, camera }));
}

function mended(input: Input): void {
  faults.delete(input);
  faulty();
}

function faulty(): void {
  const words = [...new Set([...faults.values()].flat())].map((key) => say(key)).join(' ');
  sentence(find('[data-meet-devices-help]'), words);
  tell.fault('device', section === 'room' ? words : '');
}

async function turnOn(input: Input): Promise<void> {
  on[input] = true;
  // Closed again, or without it: said by then.
  if (!(await devices.open(input))) painted(input);
}

/** One that was on is no longer there: another one is used, where there is one. */
async function instead(input: Input, name: string): Promise<void> {
  await turnOn(input);
  const key = lostKey(name, devices.track(input)?.label);
  if (key) tell.notice(say(key, { name }));
}

/** Whoever asks for it: a host, or the page around. */
function turnOff(input: Input): void {
  if (input === 'camera') {
    spared = false;
    devices.close('camera');
  } else {
    const track = devices.track('microphone');
    if (track) track.enabled = false;
  }
  if (!on[input]) return;
  on[input] = false;
  painted(input);
}

async function toggled(toggle: Toggle): Promise<void> {
  switch (toggle) {
    case 'microphone':
    case 'camera': {
      if (section === 'room' && role === 'viewer') return tell.notice(say('viewer_only'));
      const track = devices.track(toggle);
      if (toggle === 'camera') spared = false;
      if (!track) return turnOn(toggle);
      if (toggle === 'camera') return devices.close('camera');
      track.enabled = on.microphone = !on.microphone;
      return painted('microphone');
    }
    case 'screen':
      return on.screen ? unshare() : share();
    case 'hand':
      if (send({ type: 'hand', up: !on.hand })) paint('hand', !on.hand);
      return;
    case 'chat':
    case 'people':
      return side(toggle, !on[toggle]);
    case 'layout':
      return stage.turn(on.layout ? 'grid' : 'speaker');
    case 'sound_only':
      paint('sound_only', !on.sound_only);
      stage.see(!on.sound_only);
      tell.notice(say(on.sound_only ? 'sound_only_on' : 'sound_only_off'));
      // What goes out weighs more than what comes.
      if (on.sound_only) {
        spared = on.camera;
        devices.close('camera');
      } else if (spared) {
        spared = false;
        return turnOn('camera');
      }
      return;
  }
}

async function share(): Promise<void> {
  if (role === 'viewer') return tell.notice(say('viewer_only'));
  if (!navigator.mediaDevices?.getDisplayMedia) return tell.notice(say('screen_unable'));
  if (choosing) return;
  const other = [...people.values()].find((one) => one.screen && one.person !== me);
  if (other) tell.notice(say('screen_other', { name: other.name }));
  choosing = true;
  try {
    screen = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { ideal: 15, max: 30 } }, audio: true });
  } catch (error) {
    return tell.notice(say(screenFault(error as DOMException, lent('screen'))));
  } finally {
    choosing = false;
  }
  const [seen] = screen.getVideoTracks();
  const [heard] = screen.getAudioTracks();
  // While one chose, one may have left, or been made a viewer.
  if (!seen || section !== 'room' || (role as Role) === 'viewer') return unshare();
  seen.contentHint = 'detail';
  // It may also be ended in the browser's own bar.
  seen.onended = unshare;
  paint('screen', true);
  state();
  tell.notice(say('you_share'));
  await call.send('screen', seen);
  await call.send('screen_sound', heard ?? null);
}

function unshare(): void {
  for (const track of screen?.getTracks() ?? []) {
    track.onended = null;
    track.stop();
  }
  screen = undefined;
  if (!on.screen) return;
  paint('screen', false);
  void call.send('screen', null);
  void call.send('screen_sound', null);
  state();
  tell.notice(say('share_end'));
}

function side(which: 'chat' | 'people', open: boolean): void {
  for (const one of ['chat', 'people'] as const) {
    const shown = one === which && open;
    const aside = need(`[data-meet-side="${one}"]`);
    const held = !aside.hidden && !shown && aside.contains(document.activeElement);
    aside.hidden = !shown;
    paint(one, shown);
    if (one === 'chat') chat.turn(shown);
    if (held) find(`[data-meet-bar] [data-meet-toggle="${one}"]`)?.focus();
  }
  need('[data-meet-section="room"]').toggleAttribute('data-meet-beside', open);
}

function picture(track: MediaStreamTrack | null): void {
  stage.own(track);
  const preview = find<HTMLVideoElement>('[data-meet-preview]');
  if (preview) {
    preview.srcObject = track && new MediaStream([track]);
    preview.muted = true;
    preview.hidden = !track;
    if (track) void preview.play().catch(() => undefined);
  }
  const none = find('[data-meet-preview-off]');
  if (none) none.hidden = track !== null;
}

/** How loud the microphone is, where that is shown. */
function meter(track: MediaStreamTrack | null): void {
  silence?.();
  silence = undefined;
  const shown = find<HTMLMeterElement>('[data-meet-level]');
  if (!shown) return;
  shown.value = 0;
  if (track && section === 'lobby') silence = level(track, (loud) => (shown.value = loud));
}

// ── Coming in ───────────────────────────────────────────────────────────────────────────────────────────────────────

function show(next: Section): void {
  if (section === next) return;
  section = next;
  main.dataset['meetStage'] = next;
  for (const one of all('[data-meet-section]')) one.hidden = one.dataset['meetSection'] !== next;
  // Whoever reads with their ears begins at the top of what is new.
  rest();
  if (next !== 'lobby') meter(null);
}

/** Gives the focus to the top of what is shown: what had it is gone. */
function rest(): void {
  const heading = find('h1', need(`[data-meet-section="${section}"]`));
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

function value(name: string): string {
  const field = form.elements.namedItem(name);
  return field instanceof HTMLInputElement ? field.value.trim() : '';
}

async function come(back?: Stay): Promise<void> {
  if (enter.getAttribute('aria-busy') === 'true') return;
  // One is let in already, and the line is being opened: a second one would push the first out.
  if (line) return line.wake();
  const box = form.elements.namedItem('consent');
  const consent = back !== undefined || !(box instanceof HTMLInputElement) || box.checked;
  if (guest && !back) return joined({ ...guest, state: 'in', role, name: '' }, consent);
  enter.setAttribute('aria-busy', 'true');
  for (const one of all('[data-meet-error]')) wrong(one.dataset['meetError'] ?? '', '');
  const mine = stay && { person: stay.person, secret: stay.secret };
  const name = value('name');
  const passcode = value('passcode');
  const typed = { consent, ...(name && { name }), ...(passcode && { passcode }), ...(contact && { as: contact.as }) };
  let answer = await join((address, init) => fetch(address, init), settings.join, back ? { ...mine, consent } : { ...mine, ...typed });
  if (!('token' in answer) && mine && !back && [401, 403, 404].includes(answer.status)) {
    // Whoever they were here is no more; somebody new they may be.
    keep('sessionStorage', KEY, (stay = undefined));
    answer = await join((address, init) => fetch(address, init), settings.join, typed);
  }
  enter.removeAttribute('aria-busy');
  if ('token' in answer) return joined(answer, consent);
  // Nothing was typed that could be wrong.
  if (back && answer.status === 422) return anew();
  for (const { field, message } of answer.errors) {
    // What was not asked for, since somebody had said it, is asked for now.
    spare(field, false);
    wrong(field, message);
  }
  const at = answer.errors.some(({ field }) => find(`[data-meet-error="${field}"]`));
  if (at) form.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  else tell.fault('join', answer.detail || say(answer.status === 0 ? 'offline' : 'try_again'));
}

/** What the lobby need not ask for. */
function spare(name: string, spared: boolean): void {
  const field = form.elements.namedItem(name);
  if (!(field instanceof HTMLInputElement) || field.disabled === spared) return;
  field.disabled = spared;
  field.closest('.field')?.toggleAttribute('hidden', spared);
}

function wrong(name: string, message: string): void {
  sentence(find(`[data-meet-error="${name}"]`), message);
  const field = form.elements.namedItem(name);
  if (!(field instanceof HTMLElement)) return;
  if (message) field.setAttribute('aria-invalid', 'true');
  else field.removeAttribute('aria-invalid');
}

function joined(answer: Joined, consent: boolean): void {
  tell.clear();
  comesIn();
  const { person, secret, name } = answer;
  const { microphone, camera } = on;
  // Who has brought a token alone does not come back by anything else.
  if (secret) keep('sessionStorage', KEY, (stay = { person, secret, name, inside: true, microphone, camera }));
  if (answer.state === 'waiting') show('waiting');
  const address = new URL(settings.socket, location.href);
  address.protocol = address.protocol.replace('http', 'ws');
  line = signal(
    answer.token,
    {
      consent,
      media: () => section === 'room' && way === 'open',
      dial: () => new WebSocket(address) as never,
      pass: async () => (secret ? passed(await join((to, init) => fetch(to, init), settings.join, { person, secret, consent })) : spent()),
      now: () => performance.now(),
      later: (run, ms) => setTimeout(run, ms) as unknown as number,
      cancel: (timer) => clearTimeout(timer),
      random: Math.random,
    },
    { status: lineIs, frame: hear, over },
  );
}

/** The token that was brought is no good any more: from here on one comes as anybody does. */
function spent() {
  history.replaceState(null, '', location.pathname);
  return { over: 'closed', detail: say('token_over') } as const;
}

/** Whoever one was here is known no more, as who waited and was not seen for long: one asks anew. */
function anew(): void {
  keep('sessionStorage', KEY, (stay = undefined));
  // What was brought does that no more; and who was in has more to put away.
  if (guest || section === 'room') return over('closed', guest ? spent().detail : say('ask_anew'));
  line = undefined;
  tell.clear();
  show('lobby');
  meter(devices.track('microphone'));
  tell.fault('join', say('ask_anew'));
}

function lineIs(status: Status): void {
  if (status === 'waiting' || status === 'live') keptOut = '';
  if (status === 'waiting') {
    show('waiting');
    tell.fault('line', '');
  } else if (status === 'cut') {
    cut = section === 'room';
    tell.fault('line', (navigator.onLine && keptOut) || say(navigator.onLine ? 'reconnecting' : 'offline'));
  } else if (status === 'live') {
    tell.fault('line', '');
    if (cut) tell.notice(say('back_again'));
    cut = false;
  }
}

function over(why: Over, detail = ''): void {
  if (why === 'unknown') return anew();
  const mayComeBack = why === 'left' || why === 'elsewhere' || why === 'closed';
  // As it was on, it is when one comes back.
  const left = mayComeBack && stay ? { ...stay, inside: false } : undefined;
  line = undefined;
  bar.shut();
  unshare();
  call.close();
  stage.anew();
  devices.close('camera');
  devices.close('microphone');
  if (document.pictureInPictureElement) void document.exitPictureInPicture().catch(() => undefined);
  for (const dialog of all<HTMLDialogElement>('dialog[open]')) dialog.close();
  tell.clear();
  const others = [...people.values()].some(({ person, state }) => person !== me && state === 'in');
  const words: Record<typeof why, readonly [title: string, words: string]> = {
    removed: ['removed_title', 'removed'],
    refused: ['refused_title', 'refused'],
    ended: ['ended_title', 'ended'],
    left: ['left_title', others ? 'left' : 'left_alone'],
    elsewhere: ['elsewhere_title', 'elsewhere'],
    gone: ['ended_title', 'not_found'],
    closed: ['refused_title', 'locked_out'],
  };
  text(need('[data-meet-over-title]'), say(words[why][0]));
  text(need('[data-meet-over]'), (why === 'closed' && detail) || say(words[why][1]));
  need('[data-meet-again]').hidden = !mayComeBack;
  keep('sessionStorage', KEY, (stay = left));
  show('over');
  around?.over(why);
}

// ── In the room ─────────────────────────────────────────────────────────────────────────────────────────────────────

function hear(frame: ServerFrame): void {
  switch (frame.type) {
    case 'welcome':
      return welcome(frame);
    case 'person':
      return person(frame.person);
    case 'gone':
      return gone(frame.person);
    case 'message':
      return chat.hear(frame);
    case 'reaction':
      return stage.react(people.get(frame.person), frame.emoji);
    case 'answer':
      return void call.answer?.(frame.sdp);
    case 'way':
      return void call.way?.(frame.url, frame.token);
    case 'media':
      return call.told?.(frame);
    case 'muted':
      turnOff('microphone');
      return tell.notice(say('muted_by', { name: frame.by }));
    case 'video_stopped':
      turnOff('camera');
      return tell.notice(say('stopped_by', { name: frame.by }));
    case 'screen_stopped':
      unshare();
      return tell.notice(say('unshared_by', { name: frame.by }));
    case 'locked':
      return lock(frame.locked, true);
    case 'error':
      if (frame.client_id) return chat.refused(frame.client_id, frame.detail ?? '');
      // Of one that could not be read at all, the server does not know what it was about.
      if (frame.about === 'offer' || (call.asks && frame.code === 'invalid_request')) {
        call.refused();
        return tell.fault('way', frame.detail || say('way_closed'));
      }
      // Not let in: why, until one is. (That a token is too old is no news: another one is fetched.)
      if (section !== 'room' || cut) {
        if (frame.code !== 'unauthenticated') tell.fault('line', (keptOut = frame.detail || say('try_again')));
        return;
      }
      return tell.notice(frame.detail || say(frame.retry_after ? 'slow_down' : 'try_again'));
  }
}

function welcome(frame: Welcome): void {
  const { meeting } = frame;
  const first = section !== 'room';
  ({ person: me, role } = frame);
  people.clear();
  for (const one of frame.people) people.set(one.person, one);
  const own = people.get(me);
  text(find('[data-meet-title]'), meeting.title);
  began = (meeting.started_at && Date.parse(meeting.started_at)) || began || Date.now();
  const waited = section === 'waiting';
  show('room');
  if (waited) tell.notice(say('admitted'));
  lock(meeting.locked, false);
  faulty();
  cast();
  chat.begin(me, own?.name ?? stay?.name ?? '', frame.messages);
  // The server kept it up through a reload; or has not heard of it.
  if (own?.hand) paint('hand', true);
  else if (on.hand) send({ type: 'hand', up: true });
  if (first) around?.tell({ type: 'samtal:joined', person: me, role });
  call.resume(frame.ice_servers, role !== 'viewer', (own?.peer ?? null) !== null && !first);
  state();
  stage.ask();
  everybody();
}

/** What one is here: a host sees more, a viewer sends nothing. */
function cast(): void {
  const host = role === 'host';
  // Those in a row of the list are the list's.
  for (const one of all('[data-meet-host]')) if (!one.closest('[data-meet-people], [data-meet-waiting-list]')) one.hidden = !host;
  if (role === 'viewer') {
    unshare();
    spared = false;
    devices.close('camera');
    devices.close('microphone');
    on.microphone = false;
    painted('microphone');
  }
}

function everybody(): void {
  list.show(people, me, role === 'host');
  stage.people(people, me);
  call.people?.(people);
}

function person(now: Person): void {
  const then = people.get(now.person);
  people.set(now.person, now);
  const { name } = now;
  if (now.person === me) {
    if (now.hand !== on.hand) paint('hand', now.hand);
    if (now.role !== role) {
      role = now.role;
      cast();
      call.allow(role !== 'viewer');
      tell.notice(say(role === 'host' ? 'you_are_host' : role === 'viewer' ? 'viewer_only' : 'speaker_now'));
    }
  } else if (now.state === 'waiting') {
    if (!then) tell.notice(say('waits', { name }), role === 'host' ? letsIn(now) : undefined);
  } else {
    if (then?.state !== 'in') tell.notice(say('came', { name }));
    if (now.hand && !then?.hand) tell.notice(say('hand_up', { name }));
    if (now.screen && !then?.screen) tell.notice(say('shares', { name }));
  }
  everybody();
}

/** The button that lets somebody in, unless that has been done elsewhere by then. */
function letsIn({ person: id, name }: Person): Does {
  const word = say('let_in');
  const run = () => {
    rest();
    if (people.get(id)?.state === 'waiting') send({ type: 'admit', person: id });
  };
  return { word, label: `${word}: ${name}`, run };
}

function gone(id: Id): void {
  const one = people.get(id);
  if (!one || id === me) return;
  people.delete(id);
  if (one.state === 'in') tell.notice(say('went', { name: one.name }));
  everybody();
}

function lock(now: boolean, said: boolean): void {
  if (said && now !== locked) tell.notice(say(now ? 'locked' : 'unlocked'));
  locked = now;
  sentence(find('[data-meet-locked]'), now ? say('locked') : '');
  for (const button of all('button[data-meet-lock]')) press(button, now);
}

function turned(next: Way): void {
  const was = way;
  way = next;
  if (next !== 'open') rated('');
  if (next === 'connecting') return stage.anew();
  if (next === 'open') {
    tell.fault('way', '');
    if (was !== 'open') stage.ask();
  } else tell.fault('way', say(next === 'lost' ? 'way_lost' : 'way_closed'));
}

/** How good the line is, or that nothing is known of it. */
function rated(how: ReturnType<typeof quality> | ''): void {
  if (!how) before = undefined;
  const shown = find('[data-meet-quality]');
  shown?.setAttribute('data-meet-quality', how);
  text(shown, how && say(`quality_${how}`));
}

async function about(act: Act, { person: id, name }: Person): Promise<void> {
  if (act === 'host' || act === 'speaker' || act === 'viewer') send({ type: 'role', person: id, role: act });
  else if (act !== 'remove' || (await sure('remove', name))) send({ type: act, person: id });
}

const sure = (what: 'remove' | 'end', name = '') => confirm(say(`confirm_${what}`, { name }), say(`comes_of_${what}`), say(`do_${what}`));

async function ordered(order: Order): Promise<void> {
  switch (order) {
    case 'leave':
      return line ? line.leave() : over('left');
    case 'end':
      if (await sure('end')) send({ type: 'end' });
      return;
    case 'lock':
      return void send({ type: 'lock', locked: !locked });
    case 'picture':
      if (!(await stage.float())) tell.notice(say('picture_unable'));
      return;
    case 'copy': {
      const address = `${location.origin}/meet/${settings.code}`;
      const done = await Promise.resolve(navigator.clipboard?.writeText(address).then(() => true, () => false));
      return tell.notice(say(done ? 'copied' : 'copy_failed'));
    }
  }
}

// ── Time goes on ────────────────────────────────────────────────────────────────────────────────────────────────────

setInterval(() => {
  if (section !== 'room') return;
  const seconds = Math.max(0, Math.floor((Date.now() - began) / 1000));
  const two = (number: number) => String(number).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  text(find('[data-meet-clock]'), hours ? `${hours}:${minutes}` : minutes);
}, 1000);

setInterval(async () => {
  if (section !== 'room') return;
  const report = await call.stats();
  // It may be lost by now.
  if (!report || way !== 'open') return rated('');
  const now = counts(report as unknown as Iterable<readonly [string, Record<string, unknown>]>);
  const all = before ? now.all - before.all : 0;
  const loss = before && all > 0 ? (now.lost - before.lost) / all : 0;
  before = now;
  rated(quality(loss, now.trip, carries));
}, 3000);

for (const name of ['online', 'pageshow'] as const) addEventListener(name, () => line?.wake());
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) line?.wake();
});
document.addEventListener('click', () => {
  stage.unblock();
  tell.fault('sound', '');
});

for (const button of all('[data-meet-close]')) {
  const what = button.dataset['meetClose'] as 'chat' | 'people' | 'alert';
  button.addEventListener('click', () => {
    if (what !== 'alert') return side(what, false);
    tell.hush();
    rest();
  });
}
need('[data-meet-again]').addEventListener('click', () => location.reload());
for (const button of all<HTMLButtonElement>('[data-meet-test="speaker"]')) {
  button.addEventListener('click', async () => {
    button.disabled = true;
    await tone(devices.speaker).then(() => tell.notice(say('speaker_heard')), () => tell.notice(say('device_failed')));
    button.disabled = false;
    button.focus();
  });
}
addEventListener('message', (event) => event.source === parent && around?.hear(event.origin, event.data));
form.addEventListener('submit', (event) => {
  event.preventDefault();
  void come();
});

// ── The lobby ───────────────────────────────────────────────────────────────────────────────────────────────────────

function begin(): void {
  if (settings.starts_at) {
    // Whoever opens the link reads it by their own clock.
    const at = new Intl.DateTimeFormat(settings.language, { dateStyle: 'long', timeStyle: 'long' }).format(new Date(settings.starts_at));
    text(find('[data-meet-begins]'), say('begins', { at }));
  }
  stage.hear(devices.speaker);
  if (stay) {
    on.microphone = stay.microphone;
    on.camera = stay.camera;
    const field = form.elements.namedItem('name');
    if (field instanceof HTMLInputElement && field.value === '') field.value = stay.name;
  }
  const unable = !window.isSecureContext ? 'insecure' : !('RTCPeerConnection' in window) ? 'no_webrtc' : settings.media ? '' : 'no_media';
  picture(null);
  for (const input of ['microphone', 'camera'] as const) paint(input, false);
  if (unable) {
    sentence(find('[data-meet-unable]'), say(unable));
    enter.disabled = true;
    return;
  }
  // It says who they are.
  if (guest || contact?.named) spare('name', true);
  if (guest || contact) {
    spare('passcode', true);
    for (const one of all('[data-meet-waits]')) one.hidden = true;
  }
  if (!stay || (stay.microphone && stay.camera)) {
    [on.microphone, on.camera] = [true, true];
    void devices.openBoth();
  } else {
    // As it was before the reload.
    for (const input of ['microphone', 'camera'] as const) if (stay[input]) void turnOn(input);
  }
  void devices.list();
  if (stay?.inside) void come(stay);
}

begin();
