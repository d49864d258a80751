// The pictures: one of each who is there, one of a screen that is shared, in a grid or with a large one, and the sounds that go with them.
//
// Guarantees: only what can be seen is asked for, at the height at which it is seen; nothing while the page is hidden or pictures are not wanted. A tile
// never moves in the document, so that no picture begins anew.

import { all, copy, find, initials, need, press, text } from './dom.ts';
import { direct } from './devices.ts';
import type { Id, Peer, Person, Shown, Wanted } from './frames.ts';
import { type Tile, columns, key, mainOf, wants } from './plan.ts';
import type { Say } from './words.ts';

export type Layout = 'grid' | 'speaker';

export interface Hooks {
  want(wanted: Wanted[]): void;
  /** The browser plays no sound before a click. */
  blocked(): void;
  layout(layout: Layout): void;
}

interface Shape {
  readonly element: HTMLElement;
  readonly video: HTMLVideoElement;
  person: Person;
  readonly source: 'camera' | 'screen';
  visible: boolean;
}

const CALM = 200;

export class Stage {
  private readonly area = need('[data-meet-stage-area]');
  private readonly tiles = need('[data-meet-tiles]');
  private readonly sounds = need('[data-meet-sounds]');
  private readonly self = need('[data-meet-self]');
  private readonly reactions = need('[data-meet-reactions]');
  private readonly shapes = new Map<string, Shape>();
  private readonly places = new Map<string, MediaStreamTrack>();
  private shows: readonly Shown[] = [];
  private chosen: Layout = 'grid';
  private pinned: string | undefined;
  private main: string | undefined;
  private speaker: Id | undefined;
  private pictures = true;
  private output = '';
  private asked = '';
  private timer: number | undefined;
  private readonly say: Say;
  private readonly hooks: Hooks;
  private readonly seen: IntersectionObserver;

  constructor(say: Say, hooks: Hooks) {
    this.say = say;
    this.hooks = hooks;
    this.seen = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        for (const shape of this.shapes.values()) if (shape.element === target) shape.visible = isIntersecting;
      }
      this.later();
    }, { root: this.tiles });
    new ResizeObserver(() => this.arrange()).observe(this.area);
    // The last of the pictures; with one other alone it stands in their corner.
    this.tiles.append(this.self);
    document.addEventListener('visibilitychange', () => this.later());
  }

  /** Who is there now. */
  people(people: ReadonlyMap<Id, Person>, me: Id): void {
    const wanted = new Map<string, [Person, 'camera' | 'screen']>();
    for (const person of people.values()) {
      if (person.person === me || person.state !== 'in') continue;
      wanted.set(key(person.person, 'camera'), [person, 'camera']);
      if (person.screen) wanted.set(key(person.person, 'screen'), [person, 'screen']);
    }
    for (const [name, shape] of this.shapes) {
      if (wanted.has(name)) continue;
      this.seen.unobserve(shape.element);
      shape.video.srcObject = null;
      shape.element.remove();
      this.shapes.delete(name);
      if (this.pinned === name) this.pinned = undefined;
    }
    for (const [name, [person, source]] of wanted) {
      const shape = this.shapes.get(name) ?? this.make(name, person, source);
      shape.person = person;
      this.label(shape);
    }
    this.draw();
  }

  /** A place in which one hears or sees. */
  place(mid: string, track: MediaStreamTrack): void {
    this.places.set(mid, track);
    if (track.kind !== 'audio') return;
    const sound = document.createElement('audio');
    sound.autoplay = true;
    sound.dataset['meetMid'] = mid;
    sound.srcObject = new MediaStream([track]);
    this.sounds.append(sound);
    void direct(sound, this.output);
    this.play(sound);
  }

  /** A place is gone. */
  leave(mid: string): void {
    this.places.delete(mid);
    all('audio', this.sounds).find(({ dataset }) => dataset['meetMid'] === mid)?.remove();
  }

  /** All places are gone: another connection is made. */
  anew(): void {
    this.places.clear();
    this.shows = [];
    this.asked = '';
    for (const sound of all<HTMLAudioElement>('audio', this.sounds)) sound.srcObject = null;
    this.sounds.replaceChildren();
    this.draw();
  }

  show(shows: readonly Shown[]): void {
    this.shows = shows;
    this.draw();
  }

  speaks(peer: Peer): void {
    const found = [...this.shapes.values()].find(({ person }) => person.peer === peer);
    for (const shape of this.shapes.values()) {
      shape.element.toggleAttribute('data-meet-speaks', shape.person.peer === peer && shape.source === 'camera');
    }
    // One does not look at oneself: whoever spoke before stays.
    if (!found) return;
    this.speaker = found.person.person;
    this.draw();
  }

  /** The own picture. */
  own(track: MediaStreamTrack | null): void {
    for (const video of all<HTMLVideoElement>('video', this.self)) {
      video.srcObject = track && new MediaStream([track]);
      video.muted = true;
      if (track) void video.play().catch(() => undefined);
    }
    this.self.toggleAttribute('data-meet-off', !track);
    this.arrange();
  }

  turn(layout: Layout): void {
    this.chosen = layout;
    if (layout === 'grid') this.pinned = undefined;
    this.draw();
  }

  get layout(): Layout {
    const screen = [...this.shapes.values()].some(({ source }) => source === 'screen');
    return this.shapes.size > 1 && (screen || this.pinned !== undefined) ? 'speaker' : this.chosen;
  }

  /** Whether others are seen, or only heard. */
  see(pictures: boolean): void {
    this.pictures = pictures;
    this.draw();
  }

  /** Sends what is heard to another speaker. */
  hear(speaker: string): void {
    this.output = speaker;
    for (const sound of all<HTMLAudioElement>('audio', this.sounds)) void direct(sound, speaker);
  }

  /** After a click the browser plays. */
  unblock(): void {
    for (const sound of all<HTMLAudioElement>('audio', this.sounds)) this.play(sound);
  }

  react(person: Person | undefined, emoji: string): void {
    const shown = document.createElement('span');
    shown.append(emoji, ' ', person?.name ?? '');
    this.reactions.append(shown);
    // As many as can be taken in.
    if (this.reactions.childElementCount > 8) this.reactions.firstElementChild?.remove();
    setTimeout(() => shown.remove(), 4000);
  }

  /** The large picture, or the first, by itself above other windows; false where the browser cannot. */
  async float(): Promise<boolean> {
    if (document.pictureInPictureElement) {
      await document.exitPictureInPicture().catch(() => undefined);
      return true;
    }
    const shape = this.shapes.get(this.main ?? '') ?? [...this.shapes.values()][0];
    const shown = [shape, ...this.shapes.values()].find((one) => one?.video.srcObject && one.video.videoWidth > 0);
    if (!shown || !document.pictureInPictureEnabled) return false;
    return shown.video.requestPictureInPicture().then(() => true, () => false);
  }

  /** Says what is wanted again: a connection has opened. */
  ask(): void {
    this.asked = '';
    this.later();
  }

  private make(name: string, person: Person, source: 'camera' | 'screen'): Shape {
    const element = copy('[data-meet-tile]');
    element.dataset['meetPerson'] = person.person;
    element.dataset['meetSource'] = source;
    const shape: Shape = { element, video: need<HTMLVideoElement>('video', element), person, source, visible: true };
    shape.video.muted = true;
    const pin = find('[data-meet-pin]', element);
    pin?.addEventListener('click', () => {
      this.pinned = this.pinned === name ? undefined : name;
      this.draw();
    });
    this.shapes.set(name, shape);
    this.self.before(element);
    this.seen.observe(element);
    return shape;
  }

  private label({ element, video, person, source }: Shape): void {
    const { say } = this;
    const { name } = person;
    const screen = source === 'screen';
    text(find('[data-meet-name]', element), screen ? say('screen_of', { name }) : name);
    text(find('[data-meet-initials]', element), initials(name));
    video.setAttribute('aria-label', say(screen ? 'screen_of' : 'picture_of', { name }));
    const mark = (selector: string, shown: boolean) => {
      const found = find(selector, element);
      if (found) found.hidden = !shown;
    };
    mark('[data-meet-muted]', !screen && !person.microphone);
    mark('[data-meet-hand]', !screen && person.hand);
    element.toggleAttribute('data-meet-away', !person.here);
    const pin = find('[data-meet-pin]', element);
    if (pin) pin.setAttribute('aria-label', say('pin', { name: screen ? say('screen_of', { name }) : name }));
  }

  private draw(): void {
    for (const [name, shape] of this.shapes) {
      const { video, element, person, source } = shape;
      const shown = this.shows.find((one) => one.peer === person.peer && one.source === source);
      const track = shown && this.pictures && this.on(shape) ? this.places.get(shown.mid) : undefined;
      const [now] = (video.srcObject as MediaStream | null)?.getTracks() ?? [];
      if (now !== track) {
        video.srcObject = track ? new MediaStream([track]) : null;
        if (track) this.play(video);
      }
      // It is on, and wanted, and does not come: that is no camera that is off.
      const paused = track !== undefined && shown?.paused === true;
      element.toggleAttribute('data-meet-off', !track || paused);
      const says = find('[data-meet-paused]', element);
      if (says) says.hidden = !paused;
      const pin = find('[data-meet-pin]', element);
      if (pin) {
        press(pin, this.pinned === name);
        pin.title = this.pinned === name ? this.say('unpin', { name: person.name }) : '';
      }
    }
    this.main = mainOf(this.list(), this.pinned, this.speaker, this.main);
    const { layout } = this;
    if (this.tiles.dataset['meetLayout'] !== layout) {
      this.tiles.dataset['meetLayout'] = layout;
      this.hooks.layout(layout);
    }
    for (const [name, { element }] of this.shapes) element.toggleAttribute('data-meet-main', layout === 'speaker' && name === this.main);
    this.arrange();
  }

  private arrange(): void {
    const { clientWidth, clientHeight } = this.area;
    const others = this.shapes.size;
    this.area.dataset['meetOthers'] = String(others);
    // Notices stand below what is above the pictures.
    this.area.closest('main')?.style.setProperty('--top', `${this.area.getBoundingClientRect().top}px`);
    const own = others !== 1 && !this.self.hasAttribute('data-meet-off');
    const count = others + Number(own);
    // On a phone one below the other, and one scrolls.
    const across = clientWidth < 480 ? (count > 4 ? 2 : 1) : columns(count, clientWidth, clientHeight);
    this.tiles.style.setProperty('--columns', String(across));
    this.tiles.style.setProperty('--rows', String(Math.max(1, Math.ceil(count / across))));
    this.later();
  }

  /** Whether there is something to see. */
  private on({ person, source }: Shape): boolean {
    return source === 'screen' ? person.screen : person.camera;
  }

  private list(): Tile[] {
    const dense = Math.min(2, window.devicePixelRatio || 1);
    return [...this.shapes.values()].map((shape) => ({
      person: shape.person.person,
      peer: shape.person.peer,
      source: shape.source,
      on: this.on(shape),
      visible: shape.visible,
      height: Math.round(shape.element.clientHeight * dense),
    }));
  }

  private later(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.wish(), CALM) as unknown as number;
  }

  private wish(): void {
    const floats = document.pictureInPictureElement;
    let tiles = this.list();
    if (!this.pictures) tiles = [];
    // Nobody looks, but at what floats above other windows.
    else if (document.hidden) tiles = tiles.filter((_, at) => [...this.shapes.values()][at]?.video === floats);
    const wanted = wants(tiles, this.main);
    const asked = JSON.stringify(wanted);
    if (asked === this.asked) return;
    this.asked = asked;
    this.hooks.want(wanted);
  }

  private play(element: HTMLMediaElement): void {
    element.play().catch((error: DOMException) => {
      if (error.name === 'NotAllowedError' && element instanceof HTMLAudioElement) this.hooks.blocked();
    });
  }
}

