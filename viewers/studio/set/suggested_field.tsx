import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { Typed } from "../parts/inputs";
import { texts } from "../texts";
import type { FieldProps } from "./control";
import { labelOf } from "./help";

/** No option is written like this. */
const OTHER = "\n";

/** The usual choices in words, and a field for others. */
export function SuggestedField({ id, option, text, put, described, isWrong }: FieldProps) {
  const { label } = option;
  const choices = option.choices ?? [];
  const isAsked = useSignal(false);
  const value = text ?? option.default ?? "";
  const hasNone = option.default === null;
  const isUsual = choices.includes(value) || (hasNone && value === "");
  const isWritten = isAsked.value || !isUsual;
  useEffect(() => {
    isAsked.value = false;
  }, [text]);
  const choose = (choice: string) => {
    isAsked.value = choice === OTHER;
    if (choice !== OTHER) put(choice);
  };
  return (
    <div class="suggested">
      <select
        id={id}
        value={isWritten ? OTHER : value}
        aria-describedby={described}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        {hasNone && <option value="">{texts.set.chosenWithout(option.default_text)}</option>}
        {choices.map((choice) => (
          <option key={choice} value={choice}>
            {labelOf(option, choice)}
          </option>
        ))}
        <option value={OTHER}>{texts.set.other}</option>
      </select>
      {isWritten && (
        <Typed
          value={isUsual ? "" : value}
          label={texts.set.otherOf(label)}
          describedBy={described}
          isWrong={isWrong}
          put={put}
        />
      )}
    </div>
  );
}
