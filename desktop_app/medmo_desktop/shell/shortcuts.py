"""Every command of the window in one table, free of Qt: menus, the shortcut sheet and the guide are made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """One command.

    Attributes
    ----------
    id : str
    menu : str
        The menu that it is in.
    text : str
        As in the menu, English; ``&`` marks the mnemonic.
    keys : tuple of str
        In Qt's portable notation; the first is shown in the menu.
    help : str
        One sentence: status tip and tooltip.
    checkable : bool
        Whether it is a switch.
    on_image : bool
        Whether the keys work only while the image has the focus, because lists and texts use them as well.
    """

    id: str
    menu: str
    text: str
    keys: tuple[str, ...] = ()
    help: str = ""
    checkable: bool = False
    on_image: bool = False

    @property
    def plain_text(self) -> str:
        """The text without its mnemonic and dots."""
        return self.text.replace("&", "").removesuffix("...")


MENUS = ("File", "Edit", "View", "Image", "Question", "Panels", "Help")

COMMANDS: tuple[Command, ...] = (
    Command("open-files", "File", "&Open files...", ("Ctrl+O",), "Open images: DICOM, PNG, JPEG, TIFF, NIfTI."),
    Command(
        "open-folder", "File", "Open &folder...", ("Ctrl+Shift+O",), "Open a folder and sort its images into series."
    ),
    Command("sample", "File", "Open a &sample image", (), "Open a generated picture that the embedded model knows."),
    Command(
        "export-png", "File", "Export annotated &PNG...", ("Ctrl+E",), "Save the image with its boxes as a picture."
    ),
    Command("export-json", "File", "Export &JSON...", ("Ctrl+Shift+E",), "Save answer and boxes as JSON."),
    Command("export-coco", "File", "Export &COCO...", (), "Save the boxes as a COCO data set."),
    Command("export-sr", "File", "Export DICOM S&R...", (), "Save the boxes as a DICOM structured report."),
    Command(
        "export-gsps",
        "File",
        "Export DICOM &view...",
        (),
        "Save view and boxes as a DICOM grayscale presentation state.",
    ),
    Command(
        "export-sr-anonymous",
        "File",
        "Export DICOM SR, &de-identified...",
        (),
        "The same with another patient, no dates and new UIDs.",
    ),
    Command("save-case", "File", "Save &case file...", ("Ctrl+S",), "Save what is needed to answer again and compare."),
    Command("close-image", "File", "&Close image", ("Ctrl+W",), "Take the series off the list."),
    Command("quit", "File", "&Quit", ("Ctrl+Q",), "End the program."),
    Command("undo", "Edit", "&Undo", ("Ctrl+Z",), "Take back the last change of a box."),
    Command("redo", "Edit", "&Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "Make the last change of a box again."),
    Command("delete-box", "Edit", "&Delete box", (), "Delete the selected box."),
    Command("next-box", "Edit", "&Next box", ("N",), "Select the next box."),
    Command("previous-box", "Edit", "&Previous box", ("P",), "Select the previous box."),
    Command("settings", "Edit", "&Settings...", ("Ctrl+,",), "Theme, network, and what happens when an image opens."),
    Command("fit", "View", "&Fit to window", ("F",), "Show the whole image."),
    Command("zoom-in", "View", "Zoom &in", ("+", "="), "Magnify."),
    Command("zoom-out", "View", "Zoom &out", ("-",), "Shrink."),
    Command("actual-size", "View", "One image pixel per &screen pixel", ("O",), "Show pixels as they are."),
    Command("hide-boxes", "View", "&Hide all boxes", ("H",), "Hide or show every box.", True),
    Command("corner-text", "View", "&Corner text", ("T",), "Show or hide the text in the corners.", True),
    Command("model-view", "View", "&What the model saw...", ("M",), "Show the exact image that the model was given."),
    Command("full-screen", "View", "F&ull screen", ("F11",), "Use the whole screen.", True),
    Command("invert", "Image", "&Invert grey values", ("I",), "Swap black and white."),
    Command("flip-horizontal", "Image", "Flip &horizontally", ("Shift+H",), "Swap left and right."),
    Command("flip-vertical", "Image", "Flip &vertically", ("Shift+V",), "Swap top and bottom."),
    Command("rotate-right", "Image", "&Rotate right", ("R",), "Turn by 90 degrees, clockwise."),
    Command("rotate-left", "Image", "Rotate &left", ("L",), "Turn by 90 degrees, anticlockwise."),
    Command("reset-view", "Image", "R&eset view", ("Ctrl+0",), "Undo window, zoom, flips and turns."),
    Command("window-default", "Image", "Window: the file's &own", ("0",), "Show grey values as the file says."),
    Command("window-1", "Image", "Window preset 1", ("1",), "Use the first window preset."),
    Command("window-2", "Image", "Window preset 2", ("2",), "Use the second window preset."),
    Command("window-3", "Image", "Window preset 3", ("3",), "Use the third window preset."),
    Command("window-4", "Image", "Window preset 4", ("4",), "Use the fourth window preset."),
    Command("window-5", "Image", "Window preset 5", ("5",), "Use the fifth window preset."),
    Command(
        "tool-pointer", "Image", "Tool: &select, window and level", ("W",), "Drag changes boxes, or the window.", True
    ),
    Command("tool-pan", "Image", "Tool: &pan", ("G",), "Drag moves the image.", True),
    Command("tool-zoom", "Image", "Tool: &zoom", ("Z",), "Drag zooms.", True),
    Command("tool-measure", "Image", "Tool: &length", ("D",), "Drag measures a length.", True),
    Command("tool-box", "Image", "Tool: draw a &box", ("B",), "Drag adds a box of your own.", True),
    Command(
        "draw-box",
        "Image",
        "Draw a box by &keys",
        ("Shift+B",),
        "Begin a box in the middle of what is seen.",
    ),
    Command("draw-line", "Image", "Measure by keys", ("Shift+D",), "Begin a length in the middle of what is seen."),
    Command("next-frame", "Image", "&Next frame", ("PgDown",), "Go one image on in the series.", on_image=True),
    Command("previous-frame", "Image", "&Previous frame", ("PgUp",), "Go one image back in the series.", on_image=True),
    Command("first-frame", "Image", "First frame", ("Home",), "Go to the first image of the series.", on_image=True),
    Command("last-frame", "Image", "Last frame", ("End",), "Go to the last image of the series.", on_image=True),
    Command("cine", "Image", "Play or stop the &cine", ("C",), "Run through the series."),
    Command("next-series", "Image", "Next series", ("Ctrl+PgDown",), "Show the next series of the list."),
    Command("previous-series", "Image", "Previous series", ("Ctrl+PgUp",), "Show the previous series of the list."),
    Command("focus-question", "Question", "&Type a question", ("Ctrl+L",), "Put the cursor into the question."),
    Command("ask", "Question", "&Ask", ("Ctrl+Return",), "Send the question."),
    Command("stop", "Question", "&Stop", ("Esc",), "Stop the answer at the next token."),
    Command("show-image", "Panels", "&Image", ("Ctrl+I",), "Back to the image."),
    Command("show-compare", "Panels", "&Compare two models", ("Ctrl+Shift+C",), "Ask two models and compare."),
    Command("show-models", "Panels", "&Models", ("Ctrl+Shift+M",), "What is installed, and will it fit."),
    Command("show-machine", "Panels", "M&achine", ("Ctrl+Shift+A",), "What this machine is."),
    Command("show-tags", "Panels", "DICOM &tags", ("Ctrl+Shift+T",), "Every data element of the file."),
    Command("show-series", "Panels", "&Series list", ("Ctrl+Shift+L",), "The images that are open."),
    Command("show-ask", "Panels", "&Question and findings", ("Ctrl+Shift+Q",), "Ask, and see the answer."),
    Command("show-shortcuts", "Help", "&Keyboard shortcuts", ("F1", "?"), "All keys on one sheet."),
    Command("first-run", "Help", "&First steps", (), "The page that you saw at the first start."),
    Command("about", "Help", "&About", (), "Version, licence and purpose."),
)

#: What else keys and mouse do while the image has the focus; shown with the commands.
ON_IMAGE: tuple[tuple[str, str], ...] = (
    ("Left button, drag", "The tool that is chosen; a selected box is moved or resized"),
    ("Middle button, drag", "Move the image"),
    ("Right button, drag", "Zoom"),
    ("Double click", "Fit to window"),
    ("Wheel", "Scroll through the series"),
    ("Ctrl and wheel", "Zoom at the pointer"),
    ("Enter", "With the tool for boxes or lengths: begin one in the middle of what is seen; then keep it"),
    ("Arrow keys", "Move the selected box, or the one being drawn; without a box, up and down scroll"),
    ("Shift and arrow keys", "Resize it: its right and lower edge, or the end of a length"),
    ("Ctrl or Alt with arrow keys", "The same by one pixel of the image"),
    ("Del", "Delete the selected box, or the last measured line"),
    ("Esc", "Select nothing, or give up what was begun"),
)


def command(command_id: str) -> Command:
    """Return a command by its id."""
    return COMMANDS_BY_ID[command_id]


COMMANDS_BY_ID: Mapping[str, Command] = {one.id: one for one in COMMANDS}


def shortcut_table() -> str:
    """Return all shortcuts as Markdown tables, one for each menu; the user's guide holds exactly this."""
    parts = []
    for menu in MENUS:
        rows = [one for one in COMMANDS if one.menu == menu and one.keys]
        lines = [f"| `{'`, `'.join(one.keys)}` | {one.plain_text} | {one.help} |" for one in rows]
        parts.append("\n".join([f"**{menu}**", "", "| keys | command | does |", "|---|---|---|", *lines]))
    rows_on_image = [f"| {what} | {does} |" for what, does in ON_IMAGE]
    parts.append("\n".join(["**On the image**", "", "| keys or mouse | does |", "|---|---|", *rows_on_image]))
    return "\n\n".join(parts) + "\n"
