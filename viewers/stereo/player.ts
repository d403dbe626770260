/** The open file, how it is shown, and what people do with it. */

import { Choices } from "./choices";
import type { Config } from "./config";
import { part } from "./dom";
import { LAYOUTS } from "./layouts";
import { List } from "./list";
import { Memory } from "./memory";
import { progress, say, sayBriefly, wordsOf } from "./messages";
import { Painter } from "./painter";
import { Problem } from "../shared/problem";
import { Preview } from "./preview";
import { frameName, save } from "./saving";
import { ScrubBar } from "./scrub_bar";
import { isFlat, type Show, wiggles } from "./show";
import { openUrl, type Progress, type Source } from "./source";
import { Stage } from "./stage";
import { Transport } from "./transport";
import { VIEWS, type ViewName } from "./views";
import { Immersion } from "./xr";

export class Player {
  readonly painter: Painter;
  readonly transport: Transport;
  readonly choices: Choices;
  private readonly show: Show = {
    source: null,
    layout: "mono",
    isSwapped: false,
    view: "left",
    wiggleSpeed: 1,
    isWigglePaused: false,
  };
  private readonly memory = new Memory();
  private readonly list = new List();
  private readonly stage: Stage;
  private readonly calm = matchMedia("(prefers-reduced-motion: reduce)");
  private readonly headset = part("headset", HTMLButtonElement);
  private immersion: Immersion | null = null;
  private isDrawing = false;
  /** Timer of the next change in a wiggle. */
  private turning = 0;
  private openings = 0;
  private name = "";

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly config: Config,
  ) {
    this.painter = new Painter(canvas);
    this.stage = new Stage(canvas, this.painter);
    this.transport = new Transport(new ScrubBar(new Preview(this.show)), this.memory);
    this.choices = new Choices(this.show, this.memory, () => this.changed());
    new ResizeObserver(() => this.fit()).observe(canvas);
  }

  /**
   * Open a file; a server's page names it in its title, because its address may hold only the end of the name.
   *
   * Returns whether it is shown.
   */
  async open(opening: (progress: Progress) => Promise<Source>, title?: string): Promise<boolean> {
    const turn = ++this.openings;
    let isShown = false;
    say("");
    progress(0);
    try {
      const source = await opening((share) => turn === this.openings && progress(share));
      isShown = turn === this.openings;
      if (isShown) this.present(source, title ?? source.name);
      else source.close();
    } catch (error) {
      if (turn === this.openings) this.fail(error);
    }
    part("welcome", HTMLElement).hidden = this.show.source !== null;
    if (turn === this.openings) progress(null);
    return isShown;
  }

  /** Play or pause the video, or what else moves. */
  togglePlaying(): void {
    if (this.show.source?.video) this.transport.togglePlaying();
    else this.choices.togglePause();
  }

  /** Look around in half a sphere; see Stage.turn. */
  turn(right: number, down: number, zoom: number): void {
    if (!LAYOUTS[this.show.layout].halfSphere) return;
    this.stage.turn(right, down, zoom);
    this.redraw();
  }

  lookAhead(): void {
    this.stage.lookAhead();
    this.redraw();
  }

  /** Enter VR, if there is a headset. */
  async enter(): Promise<void> {
    const { headset, show } = this;
    if (!show.source || this.immersion || headset.hidden || headset.disabled) return;
    headset.disabled = true;
    try {
      const step = this.list.isThere ? (by: number) => void this.step(by) : null;
      const left = () => {
        this.immersion = null;
        this.stage.fit();
        if (show.source) this.painter.take(show.source.pictures);
        this.redraw();
      };
      this.immersion = await Immersion.enter(this.painter, show, left, step);
    } catch (error) {
      say(`Could not enter VR: ${error instanceof Error ? error.message : String(error)}`);
    }
    headset.disabled = false;
  }

  /** Open the next file of the server's list, or the previous one for -1. */
  private async step(by: number): Promise<void> {
    try {
      const next = await this.list.go(by);
      if (!next) return;
      const { source } = this.show;
      await this.open((share) => openUrl(next.url, this.painter.maxSidePx, share), next.name);
      if (this.show.source !== source) this.list.keep();
    } catch (error) {
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    say(wordsOf(error));
    this.immersion?.tell([wordsOf(error)]);
  }

  async save(): Promise<void> {
    if (!this.show.source || this.immersion) return;
    const png = await this.stage.png(this.show, performance.now());
    const name = frameName(this.name, this.show);
    if (!png) say("The browser could not make the picture: there may be too little memory.");
    else if (await save(png, name)) sayBriefly(`Saved ${name}`);
  }

  /** Forget what was chosen before, and show this file as if it were the first. */
  reset(): void {
    const { source } = this.show;
    this.memory.forget();
    this.transport.recall();
    this.choices.recall();
    if (source?.animation) source.animation.speed = 1;
    if (source) this.show.view = this.firstView(source);
    this.choices.update();
    this.changed();
    sayBriefly("Choices are reset");
  }

  private present(source: Source, name: string): void {
    this.show.source?.close();
    this.name = name;
    Object.assign(this.show, {
      source,
      layout: layoutFor(source, this.config),
      isSwapped: source.guess?.isSwapped ?? false,
      isWigglePaused: false,
    });
    this.show.view = this.firstView(source);
    this.painter.take(source.pictures);
    this.stage.lookAhead();
    const starts = this.config.autoplay || (source.isLoop && !this.calm.matches);
    this.transport.take(source, starts);
    this.choices.recall();
    if (source.video) {
      this.follow(source.video);
      this.watch(source.video);
    }
    this.animate(source, starts);
    document.title = `${name} – kbvr`;
    part("title", HTMLElement).textContent = name;
    document.documentElement.classList.add("loaded");
    part("bars", HTMLElement).hidden = false;
    this.choices.update();
    this.changed();
    this.immersion?.tell([name]);
  }

  /** Return the view from the address, or the last chosen one, or the best one without glasses. */
  private firstView(source: Source): ViewName {
    const best = source.video || LAYOUTS[this.show.layout].halfSphere ? "left" : "wiggle";
    const view = this.config.view ?? this.memory.remembered.view ?? best;
    return view === "wiggle" && this.calm.matches && this.config.view === null ? "left" : view;
  }

  private animate(source: Source, starts: boolean): void {
    const { animation } = source;
    if (!animation) return;
    animation.isPlaying = starts;
    animation.start((frame) => {
      if (this.show.source !== source || this.immersion) return;
      this.painter.take([frame]);
      this.redraw();
    });
  }

  /** Draw every new frame of a video. */
  private follow(video: HTMLVideoElement): void {
    video.requestVideoFrameCallback(() => {
      if (this.show.source?.video !== video) return;
      if (!this.immersion) this.painter.take([video]);
      this.transport.tick();
      this.redraw();
      this.follow(video);
    });
  }

  /** Say so if a video cannot be played to its end, as often as people start it again. */
  private watch(video: HTMLVideoElement): void {
    const told = (): void => {
      if (!video.error || this.show.source?.video !== video) return;
      this.transport.stop();
      const isDamaged = video.error.code === MediaError.MEDIA_ERR_DECODE;
      const problem = isDamaged
        ? `${this.name} is damaged or incomplete: it cannot be played beyond this point.`
        : `Could not load the rest of ${this.name}.`;
      this.fail(new Problem(problem));
    };
    video.addEventListener("error", told);
    told();
  }

  private changed(): void {
    const { source, layout, view } = this.show;
    if (!source) return;
    const seen = isFlat(this.show) ? "" : `, ${VIEWS[view].title}`;
    this.canvas.setAttribute("aria-label", `${this.name}. ${LAYOUTS[layout].title}${seen}`);
    document.documentElement.classList.toggle("round", LAYOUTS[layout].halfSphere);
    part("bars", HTMLElement).classList.toggle("moves", source.video !== null || wiggles(this.show));
    this.redraw();
  }

  private fit(): void {
    if (this.immersion) return;
    this.stage.fit();
    this.stage.draw(this.show, performance.now());
  }

  /** Draw at the browser's next frame. */
  private redraw(): void {
    if (this.isDrawing || this.immersion) return;
    this.isDrawing = true;
    requestAnimationFrame((nowMs) => {
      this.isDrawing = false;
      if (this.immersion) return;
      this.stage.draw(this.show, nowMs);
      clearTimeout(this.turning);
      const restMs = this.stage.restMs(this.show, nowMs);
      if (restMs !== null) this.turning = setTimeout(() => this.redraw(), restMs);
    });
  }
}

/** Return the initial layout of a source: from the address if possible, otherwise from the file, its name and shape. */
function layoutFor(source: Source, config: Config): Show["layout"] {
  const isPair = source.pictures.length === 2;
  if (config.layout && LAYOUTS[config.layout].apart === isPair) return config.layout;
  return source.guess?.layout ?? (isPair ? "apart" : "mono");
}
