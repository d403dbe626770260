import { texts } from "../texts";

/** The first screen. */
export function Start() {
  return (
    <div class="start">
      <h1>{texts.start.title}</h1>
      <p>{texts.start.drop}</p>
    </div>
  );
}
