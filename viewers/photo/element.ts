import { enterHeadset, savePicture, sharePage } from "./controls/actions";
import { KEYS, labelOf, type Command } from "./controls/commands";
import { Controls } from "./controls/controls";
import { describeKeys } from "./controls/described";
import { embeddedBytes } from "./scene/embedded";
import { fetchBytes } from "./scene/fetch";
import { FullScreen } from "./controls/full_screen";
import { Gallery } from "./headset/gallery";
import { Gestures } from "./look/gestures";
import { Introduction } from "./look/introduction";
import { parseScene } from "./scene/load";
import { Looking } from "./look/looking";
import { fromFile, fromMemory, type Origin } from "./origin";
import { ATTRIBUTES, NO_ALT, readOptions, type Options } from "./options";
import style from "./photo.css?inline";
import { Place } from "./places";
import { Poster } from "./poster";
import { Problem } from "../shared/problem";
import { wayToShare } from "./controls/share";
import { askForTilt, mayAskForTilt, onTiltAnswer, Tilt } from "./look/tilt";
import { Viewer, type ViewState } from "./viewer";
import { checkWebGl, NoWebGl } from "./scene/webgl";
import { isHeadsetThere } from "./headset/xr";

const STEP = 0.25;
const ZOOM_STEP = 1.2;
const STATS_MS = 500;

/** Not a style element, which a page's content security policy may forbid. */
const STYLE = new CSSStyleSheet();
STYLE.replaceSync(style);

/**
 * A photo with depth: `<kbvr-photo src="photo.glb" alt="...">`.
 *
 * Fires `load` after the first picture, and `error` with a message in `detail`.
 */
export class KbvrPhoto extends HTMLElement {
  static readonly observedAttributes = [...ATTRIBUTES, "poster"];

  #frame!: HTMLElement;
  #controls!: Controls;
  #fullScreen!: FullScreen;
  #poster!: Poster;
  #viewer: Viewer | null = null;
  #introduction: Introduction | null = null;
  /** Whether the element has come near the window, and its scene has been opened and need not make room for others. */
  #isOpened = false;
  #isNear = false;
  /** What has been opened instead of the source. */
  #origin: Origin | null = null;
  /** Name of the scene of that origin, or null. */
  #name: string | null = null;
  readonly #place = new Place(
    () => this.#isNear,
    () => !this.#viewer?.state.isPresenting,
    () => this.#rest(),
  );
  /** Ends everything of the current scene. */
  #shown = new AbortController();
  /** Ends everything of the element's stay in the page. */
  #stay = new AbortController();

  /** The state of the view, and whether the hint is shown; null without a scene. */
  get state(): (ViewState & { readonly isHinting: boolean }) | null {
    if (!this.#viewer) return null;
    return Object.freeze({ ...this.#viewer.state, isHinting: this.#introduction?.isHinting ?? false });
  }

  /** Name of a scene that has been dropped, or opened by a script; null for that of `src`, which `alt` describes. */
  get openedName(): string | null {
    return this.#name;
  }

  connectedCallback(): void {
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    this.#frame = document.createElement("div");
    this.#frame.className = "frame";
    root.adoptedStyleSheets = [STYLE];
    root.replaceChildren(this.#frame);
    this.#poster = new Poster(this);
    this.#frame.append(this.#poster.layer);
    this.#controls = new Controls(this.#frame, (command) => void this.#run(command));
    this.#stay = new AbortController();
    const { signal } = this.#stay;
    this.#fullScreen = new FullScreen(this, () => this.#refresh(), signal);
    this.addEventListener("keydown", (event) => this.press(event), { signal });
    this.#takeDrops(signal);
    this.#watch(signal);
    if (!readOptions(this).src) this.#invite();
  }

  disconnectedCallback(): void {
    this.#isOpened = false;
    this.#stay.abort();
    this.#clear();
    this.#controls.dispose();
    this.#poster.dispose();
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (before === now || !this.#poster) return;
    const options = readOptions(this);
    if (name === "src") this.#changeSource();
    else if (name === "poster" || name === "alt") this.#poster.update();
    if (!this.#viewer) return;
    if (name === "alt" && !this.#origin) this.#canvas?.setAttribute("aria-label", options.alt);
    else if (name === "stereo") this.#viewer.stereo = options.stereo;
    else if (name === "fit") this.#viewer.fit = options.fit;
    else if (name === "vr") this.#offerHeadset(options, this.#shown.signal);
  }

  /** Show a scene from memory. */
  open(glb: ArrayBuffer): Promise<void> {
    return this.#openOrigin(fromMemory(glb));
  }

  /** Run the command of a key; a page that consists of this element passes its keys on. */
  press(event: KeyboardEvent): void {
    this.#introduction?.end();
    const command = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    const isForButton = event.key === " " && event.composedPath()[0] instanceof HTMLButtonElement;
    if (!command || !this.#viewer || isForButton || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.#controls.wake(false);
    void this.#run(command);
  }

  get #canvas(): HTMLCanvasElement | null {
    return this.#frame.querySelector("canvas");
  }

  #changeSource(): void {
    this.#origin = null;
    this.#name = null;
    if (!this.#isOpened) return;
    if (readOptions(this).src) return void this.#openSource(false);
    this.#clear();
    this.#controls.progress(undefined);
    this.#invite();
  }

  async #openSource(isAsked: boolean): Promise<void> {
    const { src } = readOptions(this);
    if (!src) return;
    const progress = (share: number | null) => this.#controls.progress(share);
    const isHere = src.startsWith("#");
    await this.#open(isAsked, (signal) =>
      isHere ? embeddedBytes(src.slice(1), signal, progress) : fetchBytes(src, signal, progress),
    );
  }

  #openOrigin(origin: Origin): Promise<void> {
    this.#origin = origin;
    this.#name = origin.name || NO_ALT;
    return this.#open(true, origin.read);
  }

  async #open(isAsked: boolean, bytes: (signal: AbortSignal) => Promise<ArrayBuffer>): Promise<void> {
    const hadFocus = this.#canvas?.matches(":focus") || this.#controls.isAskFocused;
    this.#clear();
    this.#controls.say("");
    this.#isOpened = true;
    if (!this.#place.take(isAsked)) return this.#rest();
    const { signal } = this.#shown;
    this.#controls.progress(null);
    try {
      checkWebGl();
      if (this.#origin) this.#poster.hide();
      const loaded = await parseScene(await bytes(signal));
      if (signal.aborted) return;
      this.#show(loaded, readOptions(this), signal);
      if (hadFocus && document.activeElement === document.body) this.#canvas?.focus({ preventScroll: true });
    } catch (error) {
      if (signal.aborted) return;
      this.#place.leave();
      this.#tell(error);
    } finally {
      if (!signal.aborted) this.#controls.progress(undefined);
    }
  }

  /** Open the scene unless it is open; if a person asks for it, even where others must go. */
  #wake(isAsked: boolean): void {
    if (this.#isOpened) {
      if (this.#viewer) this.#place.take(isAsked);
      return;
    }
    this.#isOpened = true;
    if (this.#origin) void this.#open(isAsked, this.#origin.read);
    else void this.#openSource(isAsked);
  }

  /** Show the poster alone until a person asks for the scene, or the element comes near again. */
  #rest(): void {
    this.#clear();
    this.#isOpened = false;
    if (this.#origin) this.#poster.hide();
    this.#controls.progress(undefined);
    this.#controls.ask(`Look around: ${this.#name ?? readOptions(this).alt}`);
  }

  #show(loaded: Awaited<ReturnType<typeof parseScene>>, options: Options, signal: AbortSignal): void {
    const canvas = document.createElement("canvas");
    canvas.tabIndex = 0;
    if (this.#origin && loaded.facts.photo) this.#name = loaded.facts.photo;
    describeKeys(canvas, this.#name ?? options.alt, this.#frame);
    if (!canvas.getContext("webgl2", { antialias: true, alpha: true })) throw new NoWebGl();
    const prefersCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#frame.prepend(canvas);
    const viewer = new Viewer(canvas, loaded, options, prefersCalm, () => this.#refresh(), new Gallery(this));
    this.#viewer = viewer;
    this.#listen(canvas, viewer, options, prefersCalm, signal);
    const size = new ResizeObserver(([entry]) => viewer.resize(entry!.contentRect.width, entry!.contentRect.height));
    size.observe(canvas);
    signal.addEventListener("abort", () => size.disconnect());
    viewer.resize(canvas.clientWidth, canvas.clientHeight);
    canvas.addEventListener("webglcontextlost", () => this.#lost(), { signal });
    if (options.stats) {
      const timer = setInterval(() => this.#controls.stats(viewer.frameTimes), STATS_MS);
      signal.addEventListener("abort", () => clearInterval(timer));
    }
    this.#frame.classList.add("loaded");
    this.#poster.fade();
    this.#controls.show("modes", "recentre", "save", "headset", "help");
    if (viewer.path.exists) this.#controls.show("path");
    if (this.#fullScreen.isPossible) this.#controls.show("full");
    if (wayToShare()) this.#controls.show("share");
    this.#offerHeadset(options, signal);
    this.#refresh();
    this.dispatchEvent(new Event("load"));
  }

  #offerHeadset(options: Options, signal: AbortSignal): void {
    void isHeadsetThere().then((isThere) => signal.aborted || this.#controls.offerHeadset(isThere, options.vr));
  }

  /** Let a person move the view; with less motion only by what cannot happen in passing: drags, touches and keys. */
  #listen(canvas: HTMLElement, viewer: Viewer, options: Options, prefersCalm: boolean, signal: AbortSignal): void {
    const offerTilt = () => {
      if (prefersCalm || !mayAskForTilt()) return;
      this.#controls.show("tilt");
      this.#controls.wake();
    };
    const repeats = options.autoplay && !viewer.path.exists;
    const introduction = new Introduction(this, this.#frame, viewer, repeats, prefersCalm, offerTilt, signal);
    this.#introduction = introduction;
    new Gestures(this, canvas, viewer, () => introduction.end(), signal);
    if (prefersCalm) return;
    const redraw = () => viewer.redraw();
    new Looking(this, viewer.head, redraw, signal);
    new Tilt(viewer.head, redraw, () => introduction.addTilt(), signal);
    onTiltAnswer(() => this.#controls.hide("tilt"), signal);
  }

  /** Report an error in the element and to the page. */
  #tell(error: unknown): void {
    const text = error instanceof Problem ? error.message : `Could not show the scene: ${String(error)}`;
    if (error instanceof NoWebGl) this.#controls.sayBelow(text);
    else if (this.#viewer) this.#controls.say(text);
    else this.#invite(text);
    this.dispatchEvent(new CustomEvent("error", { detail: text }));
  }

  /** Ask for a file, if the element accepts dropped ones. */
  #invite(text = ""): void {
    if (!readOptions(this).droppable) {
      this.#controls.say(text);
      return;
    }
    const choose = document.createElement("button");
    choose.textContent = "Choose a file";
    choose.addEventListener("click", () => {
      const input = Object.assign(document.createElement("input"), { type: "file", accept: ".glb,model/gltf-binary" });
      input.addEventListener("change", () => input.files?.[0] && void this.#openOrigin(fromFile(input.files[0])));
      input.click();
    });
    this.#controls.say(text || "Drop a scene here: a .glb file made by kbvr.", choose);
  }

  #clear(): void {
    this.#shown.abort();
    this.#shown = new AbortController();
    this.#viewer?.dispose();
    this.#viewer = null;
    this.#introduction = null;
    this.#place.leave();
    this.#canvas?.remove();
    this.#frame.classList.remove("loaded");
    this.#poster.show();
    this.#controls.stats("");
    this.#controls.hideAll();
  }

  /** The browser has taken the canvas, for others or because its graphics began anew; a headset waits for it. */
  #lost(): void {
    if (!this.#viewer?.state.isPresenting) this.#rest();
  }

  /** Load once the element comes near the window; rest while it is away. */
  #watch(signal: AbortSignal): void {
    const observer = new IntersectionObserver(
      ([entry]) => {
        this.#isNear = entry!.isIntersecting;
        if (this.#viewer) this.#viewer.isOnScreen = this.#isNear;
        if (this.#isNear) this.#wake(false);
      },
      { rootMargin: "25%" },
    );
    observer.observe(this);
    signal.addEventListener("abort", () => observer.disconnect());
    for (const name of ["pointerenter", "pointerdown", "focusin", "click"]) {
      this.addEventListener(name, () => this.#wake(true), { signal });
    }
    if (this.getAttribute("loading") === "eager") this.#wake(false);
  }

  #takeDrops(signal: AbortSignal): void {
    const isDropping = (is: boolean) => this.#frame.classList.toggle("dropping", is);
    this.addEventListener(
      "dragover",
      (event) => {
        if (!readOptions(this).droppable) return;
        event.preventDefault();
        isDropping(true);
      },
      { signal },
    );
    this.addEventListener("dragleave", () => isDropping(false), { signal });
    this.addEventListener(
      "drop",
      (event) => {
        isDropping(false);
        const file = event.dataTransfer?.files[0];
        if (!file || !readOptions(this).droppable) return;
        event.preventDefault();
        void this.#openOrigin(fromFile(file));
      },
      { signal },
    );
  }

  async #run(command: Command): Promise<void> {
    const viewer = this.#viewer;
    if (!viewer) return;
    switch (command) {
      case "path":
        viewer.togglePath();
        return this.#controls.announce(viewer.state.isPlaying ? "Playing" : "Paused");
      case "none":
      case "anaglyph":
      case "sbs":
      case "cross":
      case "wiggle":
        viewer.stereo = command;
        return this.#controls.announce(labelOf(command));
      case "modes":
        return this.#controls.toggleMenu();
      case "recentre":
        viewer.recentre();
        return this.#controls.announce("View reset");
      case "save":
        return savePicture(viewer, this.#controls).catch((error: unknown) => this.#tell(error));
      case "share":
        return sharePage(viewer, this.#controls).catch((error: unknown) => this.#tell(error));
      case "tilt":
        return askForTilt();
      case "headset":
        return enterHeadset(viewer, this.#controls).catch((error: unknown) => this.#tell(error));
      case "full":
        return this.#fullScreen.toggle();
      case "help":
        return this.#controls.help();
      default:
        this.#move(viewer, command);
    }
  }

  #move(viewer: Viewer, command: "left" | "right" | "up" | "down" | "nearer" | "farther"): void {
    const moves = {
      left: () => viewer.look(-STEP, 0),
      right: () => viewer.look(STEP, 0),
      up: () => viewer.look(0, STEP),
      down: () => viewer.look(0, -STEP),
      nearer: () => viewer.magnify(ZOOM_STEP),
      farther: () => viewer.magnify(1 / ZOOM_STEP),
    };
    moves[command]();
  }

  /** Update the buttons to the state. */
  #refresh(): void {
    const state = this.state;
    if (!state) return;
    this.#controls.mode(state.stereo);
    this.#controls.full(this.#fullScreen.isOn);
    this.#controls.label(
      "path",
      state.isPlaying ? "pause" : "play",
      `${state.isPlaying ? "Pause" : "Play"} the camera path`,
    );
  }
}

// A page assembled from several may contain this script more than once.
if (!customElements.get("kbvr-photo")) customElements.define("kbvr-photo", KbvrPhoto);
