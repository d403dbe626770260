import { Dialog } from "./parts/dialog";
import { isHelpOpen } from "./shortcuts";
import { texts } from "./texts";

/** All keys. */
export function HelpDialog() {
  if (!isHelpOpen.value) return null;
  return (
    <Dialog title={texts.keys.title} close={() => (isHelpOpen.value = false)}>
      {texts.keys.groups.map(({ title, keys }) => (
        <section key={title}>
          <h3>{title}</h3>
          <dl class="keys">
            {keys.map(([key, does]) => (
              <div key={does}>
                <dt>
                  {key.split(" ").map((one) => (
                    <kbd key={one}>{one}</kbd>
                  ))}
                </dt>
                <dd>{does}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </Dialog>
  );
}
