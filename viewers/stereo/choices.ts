/** The menus of layouts and views. */

import { name as named, part } from "./dom";
import { LAYOUTS, type LayoutName } from "./layouts";
import { isFlat, layoutsFor, type Show } from "./show";
import { VIEWS, type ViewName } from "./views";

export class Choices {
  private readonly layout = part("layout", HTMLSelectElement);
  private readonly view = part("view", HTMLSelectElement);
  private readonly swap = part("swap", HTMLButtonElement);

  /** `changed` is called after every choice. */
  constructor(
    private readonly show: Show,
    private readonly changed: () => void,
  ) {
    this.layout.onchange = () => this.choose({ layout: this.layout.value as LayoutName });
    this.view.onchange = () => this.choose({ view: this.view.value as ViewName });
    this.swap.onclick = () => this.toggleSwap();
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
    this.choose({ isSwapped: !this.show.isSwapped });
  }

  /** Choose a view by its position in the menu, from 0. */
  chooseView(place: number): void {
    const view = (Object.keys(VIEWS) as ViewName[])[place];
    if (view) this.choose({ view });
  }

  /** Update the menus to the current state. */
  update(): void {
    const { source, layout, view, isSwapped } = this.show;
    if (!source) return;
    this.layout.replaceChildren(...layoutsFor(source).map((name) => new Option(LAYOUTS[name].title, name)));
    this.layout.value = layout;
    this.view.value = view;
    this.view.disabled = this.swap.disabled = isFlat(this.show);
    this.swap.setAttribute("aria-pressed", String(isSwapped));
    named(this.swap, "Swap the eyes", "X", isSwapped);
  }

  private choose(some: Partial<Show>): void {
    Object.assign(this.show, some);
    this.update();
    this.changed();
  }
}
