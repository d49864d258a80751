// Microphones, cameras and speakers: choosing one, opening and closing it, how loud one is, and what to say where that fails.
//
// Guarantees: a camera that is off is closed, its lamp dark. A device that is unplugged is replaced by another where it was on, or said to be gone. What
// was chosen is kept in this browser, unless it does not open where another one goes on: then that one stays the choice.

import { all, keep, kept } from './dom.ts';

export type Input = 'microphone' | 'camera';
export type Device = Input | 'speaker';
type Chosen = Partial<Record<Device, string>>;

const KINDS: Record<Device, MediaDeviceKind> = { microphone: 'audioinput', camera: 'videoinput', speaker: 'audiooutput' };
const KEY = 'samtal.meet.devices';

/** Which browser it is, as far as it matters for where its permissions are. */
export function browser(agent: string): 'firefox' | 'chrome' | 'safari' | 'other' {
  if (/firefox|fxios/i.test(agent)) return 'firefox';
  if (/chrom|crios|edg/i.test(agent)) return 'chrome';
  return /safari/i.test(agent) ? 'safari' : 'other';
}

/** Whether the page around this one lends it a device, or the screen. Where the browser does not say, it is taken to. */
export function lent(input: Input | 'screen'): boolean {
  const { featurePolicy } = document as Document & { featurePolicy?: { allowsFeature(name: string): boolean } };
  return parent === window || featurePolicy?.allowsFeature(input === 'screen' ? 'display-capture' : input) !== false;
}

/** Whether it is the system that forbids it to the browser. */
const bySystem = ({ message }: { message?: string }): boolean => /system/i.test(message ?? '');

/** The keys of the sentences about a device that does not open: what it is, and what to do. */
export function fault(error: { name: string; message?: string }, input: Input, agent: string, lent = true): string[] {
  switch (error.name) {
    case 'NotAllowedError':
    case 'SecurityError':
      // Nothing that one allows here changes that.
      if (!lent) return ['not_lent'];
      // The system forbids it to the browser, whatever the browser would allow.
      if (bySystem(error)) return ['permission_system'];
      return [`permission_${input}`, `permission_${browser(agent)}`];
    case 'NotFoundError':
    case 'OverconstrainedError':
      return [`no_${input}`];
    case 'NotReadableError':
    case 'AbortError':
      return ['in_use'];
    default:
      return ['device_failed'];
  }
}

/** The key of the sentence about a screen that is not shared. */
export function screenFault(error: { name: string; message?: string }, lent = true): string {
  switch (error.name) {
    case 'NotAllowedError':
    case 'SecurityError':
      if (!lent) return 'screen_not_lent';
      return bySystem(error) ? 'screen_system' : 'screen_refused';
    case 'NotSupportedError':
      return 'screen_unable';
    default:
      // Some browsers say so, too, where the system forbids it: it finds none, or none that can be read.
      return 'screen_failed';
  }
}

/** What is said of a device that is no longer there, by what is used now: another one, none, or the same, which is back and needs no word. */
export function lostKey(name: string, now: string | undefined): 'device_lost' | 'device_gone' | '' {
  if (now === undefined) return 'device_gone';
  return now === name ? '' : 'device_lost';
}

/** What is asked of a device: of the one that was chosen alone, since browsers may take a mere wish for none. */
export function constraints(input: Input, id: string | undefined): MediaStreamConstraints {
  const chosen = id ? { deviceId: { exact: id } } : {};
  if (input === 'microphone') {
    return { audio: { ...chosen, echoCancellation: true, noiseSuppression: true, autoGainControl: true } };
  }
  const facing = id ? {} : { facingMode: 'user' };
  return { video: { ...chosen, ...facing, width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } } };
}

export interface Hooks {
  /** A device gives another track, or none. */
  track(input: Input, track: MediaStreamTrack | null): void;
  /** It could not be opened; the error, as the browser gave it. */
  failed(input: Input, error: DOMException): void;
  /** It is no longer there; its name. Before it is told that it gives no track. */
  lost(input: Input, name: string): void;
  /** Another speaker was chosen. */
  speaker(id: string): void;
  /** What a device without a name is called, and the one that the system chooses. */
  unnamed(number: number): string;
  usual(): string;
}

export class Devices {
  private readonly chosen: Chosen = kept('localStorage', KEY) ?? {};
  private readonly tracks: Partial<Record<Input, MediaStreamTrack>> = {};
  /** Of each input the number of the last wish: an older one that comes late is let go of. */
  private readonly turns: Record<Input, number> = { microphone: 0, camera: 0 };
  private readonly hooks: Hooks;

  constructor(hooks: Hooks) {
    this.hooks = hooks;
    navigator.mediaDevices?.addEventListener('devicechange', () => void this.list());
    for (const select of all<HTMLSelectElement>('[data-meet-device]')) {
      select.addEventListener('change', () => void this.choose(select.dataset['meetDevice'] as Device, select.value));
    }
  }

  track(input: Input): MediaStreamTrack | null {
    return this.tracks[input] ?? null;
  }

  get speaker(): string {
    return this.chosen.speaker ?? '';
  }

  /** Opens a device, this one where it is said; false where that failed, and was told. */
  async open(input: Input, wish?: string): Promise<boolean> {
    const turn = ++this.turns[input];
    const chosen = wish === undefined ? this.chosen : { ...this.chosen, [input]: wish };
    let stream: MediaStream;
    try {
      stream = await this.ask(chosen, input).catch((error: DOMException) => this.instead(chosen, input, turn, error));
    } catch (error) {
      if (turn === this.turns[input]) this.hooks.failed(input, error as DOMException);
      // Shows the one that is used still.
      void this.list();
      return false;
    }
    const [track] = stream.getTracks();
    if (!track || turn !== this.turns[input]) {
      track?.stop();
      return false;
    }
    this.take(input, track);
    void this.list();
    return true;
  }

  /** Opens both with one question, where the browser asks. */
  async openBoth(): Promise<void> {
    const turns = [++this.turns.microphone, ++this.turns.camera];
    try {
      const stream = await this.ask(this.chosen, 'microphone', 'camera');
      for (const track of stream.getTracks()) {
        const input = track.kind === 'audio' ? 'microphone' : 'camera';
        if (this.turns[input] === turns[input === 'microphone' ? 0 : 1]) this.take(input, track);
        else track.stop();
      }
      void this.list();
    } catch (error) {
      // One of them may do. Where that is forbidden, what the browser says is allowed already: nobody is asked twice.
      const forbidden = (error as DOMException).name === 'NotAllowedError';
      for (const [at, input] of (['microphone', 'camera'] as const).entries()) {
        const may = !forbidden || (await allowed(input));
        if (turns[at] !== this.turns[input]) continue;
        if (may) await this.open(input);
        else this.hooks.failed(input, error as DOMException);
      }
    }
  }

  /** Asks for those that were chosen; where one of them is not there any more, for any. */
  private async ask(chosen: Chosen, ...inputs: Input[]): Promise<MediaStream> {
    const stream = (chosen: Chosen) =>
      navigator.mediaDevices.getUserMedia(Object.assign({}, ...inputs.map((input) => constraints(input, chosen[input]))));
    try {
      return await stream(chosen);
    } catch (error) {
      if ((error as DOMException).name !== 'OverconstrainedError') throw error;
      return stream({});
    }
  }

  /** Phones open one camera at a time: lets go of the one before first, where there is one, and takes it again where that was not why. */
  private async instead(chosen: Chosen, input: Input, turn: number, error: DOMException): Promise<MediaStream> {
    const held = this.tracks[input];
    if (!held || error.name !== 'NotReadableError' || turn !== this.turns[input]) throw error;
    const { deviceId } = held.getSettings();
    held.stop();
    try {
      return await this.ask(chosen, input);
    } catch (again) {
      const before = await navigator.mediaDevices.getUserMedia(constraints(input, deviceId)).catch(() => undefined);
      const track = before?.getTracks()[0];
      if (turn !== this.turns[input]) track?.stop();
      else if (track) this.take(input, track);
      else {
        delete this.tracks[input];
        this.hooks.track(input, null);
      }
      throw again;
    }
  }

  /** Closes a device. */
  close(input: Input): void {
    this.turns[input]++;
    const track = this.tracks[input];
    if (!track) return;
    delete this.tracks[input];
    track.onended = null;
    track.stop();
    this.hooks.track(input, null);
  }

  /** Fills the lists of devices. Names are there only once one was allowed. */
  async list(): Promise<void> {
    const found = await navigator.mediaDevices?.enumerateDevices?.().catch(() => []);
    for (const select of all<HTMLSelectElement>('[data-meet-device]')) {
      const device = select.dataset['meetDevice'] as Device;
      const these = (found ?? []).filter(({ kind, deviceId }) => kind === KINDS[device] && deviceId !== '');
      const options = these.map(({ deviceId, label }, at) => new Option(label || this.hooks.unnamed(at + 1), deviceId));
      if (!these.some(({ deviceId }) => deviceId === 'default')) options.unshift(new Option(this.hooks.usual(), ''));
      // A list that is open is left alone where nothing has changed.
      const now = [...select.options];
      if (now.length !== options.length || now.some(({ value, label }, at) => value !== options[at]?.value || label !== options[at]?.label)) {
        select.replaceChildren(...options);
      }
      const used = device === 'speaker' ? this.chosen.speaker : (this.tracks[device]?.getSettings().deviceId ?? this.chosen[device]);
      if (used && these.some(({ deviceId }) => deviceId === used)) select.value = used;
      select.disabled = these.length === 0;
    }
  }

  private async choose(device: Device, id: string): Promise<void> {
    if (device !== 'speaker' && this.tracks[device] && !(await this.open(device, id))) return;
    this.chosen[device] = id;
    keep('localStorage', KEY, this.chosen);
    if (device === 'speaker') this.hooks.speaker(id);
    void this.list();
  }

  private take(input: Input, track: MediaStreamTrack): void {
    const old = this.tracks[input];
    if (old) {
      old.onended = null;
      track.enabled = old.enabled;
      old.stop();
    }
    this.tracks[input] = track;
    // Unplugged, or taken away in the browser.
    track.onended = () => {
      if (this.tracks[input] !== track) return;
      delete this.tracks[input];
      this.hooks.lost(input, track.label);
      this.hooks.track(input, null);
    };
    this.hooks.track(input, track);
  }
}

/** Whether the browser says that this page may use a device. */
async function allowed(input: Input): Promise<boolean> {
  const asked = navigator.permissions?.query({ name: input as PermissionName });
  return (await asked?.then(({ state }) => state === 'granted', () => false)) ?? false;
}

/** How loud something is, ten times a second, from 0 to 1, until it is stopped. */
export function level(track: MediaStreamTrack, told: (level: number) => void): () => void {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 512;
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    // Without a click the browser may hold it back.
    if (context.state === 'suspended') void context.resume().catch(() => undefined);
    analyser.getFloatTimeDomainData(samples);
    told(loudness(samples));
  }, 100);
  return () => {
    clearInterval(timer);
    void context.close().catch(() => undefined);
  };
}

/** From 0 (60 dB below full) to 1. */
export function loudness(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const decibel = 10 * Math.log10(sum / Math.max(1, samples.length) + 1e-12);
  return Math.min(1, Math.max(0, 1 + decibel / 60));
}

/** Plays three notes at a speaker. */
export async function tone(speaker: string): Promise<void> {
  const context = new AudioContext();
  const out = context.createMediaStreamDestination();
  const sound = new Audio();
  sound.srcObject = out.stream;
  await direct(sound, speaker);
  const begins = context.currentTime + 0.05;
  for (const [at, pitch] of [523.25, 659.25, 783.99].entries()) {
    const note = context.createOscillator();
    const volume = context.createGain();
    const from = begins + at * 0.25;
    note.frequency.value = pitch;
    volume.gain.setValueAtTime(0, from);
    volume.gain.linearRampToValueAtTime(0.2, from + 0.03);
    volume.gain.linearRampToValueAtTime(0, from + 0.24);
    note.connect(volume).connect(out);
    note.start(from);
    note.stop(from + 0.25);
  }
  try {
    await sound.play();
    await new Promise((done) => setTimeout(done, 1000));
  } finally {
    sound.srcObject = null;
    await context.close();
  }
}

/** Sends what an element plays to a speaker, where the browser can. */
export async function direct(element: HTMLMediaElement, speaker: string): Promise<void> {
  await element.setSinkId?.(speaker).catch(() => undefined);
}
