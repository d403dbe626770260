"""What is done to old photos before they become 3D."""

from __future__ import annotations

from pathlib import Path

from kbvr.options.declare import OptionGroup, option


class OldPhotoOptions(OptionGroup, title="Old photos"):
    """What is done to old photos before they become 3D."""

    repair: bool = option(
        False,
        "Repair a scan of an old print: crop its border, straighten it, and fill in scratches, dust, folds and torn "
        "corners. The depth is estimated from a copy without the paper's texture.",
    )
    restore_contrast: bool = option(
        False, "Stretch the faded tones of an old print to nearly black and white. Neutral and toned prints stay so."
    )
    colorize: str | Path | None = option(
        None,
        "Give a grey or toned photo colours, guessed by a network; photos that have colours stay as they are. auto, or "
        "no value: the best installed of deoldify-artistic and ddcolor-tiny, which `kbvr models pull` downloads, and "
        "kbvr-color, which is built in; NAME: a network that `kbvr models list` shows; FILE: an ONNX file.",
        accepts="auto, a name or an ONNX file",
        metavar="[auto|NAME|FILE]",
        default_text="off",
        suggestions=("auto", "deoldify-artistic", "ddcolor-tiny", "kbvr-color"),
        alone="auto",
        python_type="str | PathLike[str] | None",
    )
    colorize_strength: float = option(
        1.0,
        "How strong the colours of --colorize are: 1 as guessed, less for calmer ones.",
        between=(0, 2),
        metavar="0-2",
    )
