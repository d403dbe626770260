/** The menus of layouts, views and speeds, and the buttons beside them. */

import { name as named, part } from "./dom";
import { LAYOUTS, type LayoutName } from "./layouts";
import type { Memory } from "./memory";
import { isFlat, layoutsFor, type Show, wiggles } from "./show";
import { faster, SPEEDS, USUAL_SPEED } from "./speeds";
import { VIEWS, type ViewName } from "./views";

export class Choices {
  private readonly layout = part("layout", HTMLSelectElement);
  private readonly view = part("view", HTMLSelectElement);
  private readonly speed = part("speed", HTMLSelectElement);
  private readonly swap = part("swap", HTMLButtonElement);
  private readonly pause = part("pause", HTMLButtonElement);

  /** `changed` is called after every choice. */
  constructor(
    private readonly show: Show,
    private readonly memory: Memory,
    private readonly changed: () => void,
  ) {
    this.layout.onchange = () => this.choose({ layout: this.layout.value as LayoutName });
    this.view.onchange = () => this.chooseView(this.view.value as ViewName);
    this.speed.onchange = () => this.chooseSpeed(Number(this.speed.value));
    this.swap.onclick = () => this.toggleSwap();
    this.pause.onclick = () => this.togglePause();
    this.speed.append(...SPEEDS.map((speed) => new Option(`${speed}×`, String(speed))));
    for (const [view, { group, title }] of Object.entries(VIEWS)) {
      let under = this.view.querySelector<HTMLOptGroupElement>(`optgroup[label="${group}"]`);
      if (!under) {
        under = document.createElement("optgroup");
        under.label = group;
        this.view.append(under);
      }
      under.append(new Option(title, view));
    }
  }

  toggleSwap(): void {
    if (!isFlat(this.show)) this.choose({ isSwapped: !this.show.isSwapped });
  }

  /** Pause or continue what moves although it is no video: a wiggle, or a picture with several frames. */
  togglePause(): void {
    const { source } = this.show;
    if (source?.animation) source.animation.isPlaying = !source.animation.isPlaying;
    else if (wiggles(this.show)) this.show.isWigglePaused = !this.show.isWigglePaused;
    this.choose({});
  }

  chooseView(view: ViewName): void {
    if (isFlat(this.show)) return;
    this.memory.keep({ view });
    this.choose({ view, isWigglePaused: false });
  }

  /** Make the video, or what else moves, faster or slower by steps of the menu. */
  changeSpeed(steps: number): void {
    if (!this.speed.hidden) this.chooseSpeed(faster(Number(this.speed.value), steps));
  }

  /** Update the menus to the current state. */
  update(): void {
    const { source, layout, view, isSwapped } = this.show;
    if (!source) return;
    this.layout.replaceChildren(...layoutsFor(source).map((name) => new Option(LAYOUTS[name].title, name)));
    this.layout.value = layout;
    this.view.value = view;
    this.view.hidden = this.swap.hidden = isFlat(this.show);
    this.swap.setAttribute("aria-pressed", String(isSwapped));
    const moves = source.animation !== null || (!source.video && wiggles(this.show));
    const isPaused = source.animation ? !source.animation.isPlaying : this.show.isWigglePaused;
    this.pause.hidden = !moves;
    named(this.pause, isPaused ? "Play" : "Pause", "Space", !isPaused);
    this.speed.hidden = !source.video && !moves;
    this.speed.value = String(source.video?.playbackRate ?? source.animation?.speed ?? this.show.wiggleSpeed);
  }

  private chooseSpeed(speed: number): void {
    const { source } = this.show;
    if (source?.video) {
      source.video.playbackRate = speed;
      this.memory.keep({ speed });
    } else if (source?.animation) {
      source.animation.speed = speed;
    } else {
      this.show.wiggleSpeed = speed;
      this.memory.keep({ wiggleSpeed: speed });
    }
    this.choose({});
  }

  /** Take the speed of wiggles as it was chosen before. */
  recall(): void {
    this.show.wiggleSpeed = this.memory.remembered.wiggleSpeed ?? USUAL_SPEED;
  }

  private choose(some: Partial<Show>): void {
    Object.assign(this.show, some);
    this.update();
    this.changed();
  }
}
