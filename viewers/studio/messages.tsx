import { Button, IconButton } from "./parts/button";
import { Icon } from "./parts/icon";
import { isUnsaved } from "./settings";
import { announced, connection, hush, notes } from "./state";
import { texts } from "./texts";

/** Notes, problems, and what is read aloud. */
export function Messages() {
  return (
    <>
      <div class="unseen" role="status" aria-live="polite">
        {announced.value}
      </div>
      {connection.value === "gone" && (
        <div class="gone" role="alert">
          <Icon name="warn" />
          <p>
            {texts.server.gone} {isUnsaved.value ? texts.server.unsaved : texts.server.saved}
          </p>
        </div>
      )}
      <div class="notes">
        {notes.value.map(({ key, text, kind, action }) => (
          <div key={key} class={`note ${kind}`} role={kind === "problem" ? "alert" : "status"}>
            {kind === "problem" && <Icon name="warn" />}
            <p>{text}</p>
            {action && (
              <Button
                class="small"
                onClick={() => {
                  hush(key);
                  action.act();
                }}
              >
                {action.label}
              </Button>
            )}
            <IconButton class="small" icon="close" label={texts.app.close} onClick={() => hush(key)} />
          </div>
        ))}
      </div>
    </>
  );
}
