"""The words that the canvas adds to an image: beside a box, and about the view in the corner."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from medmo_desktop.canvas.view_state import ViewGeometry
from medmo_desktop.findings.marks import MarkedBox
from medmo_desktop.study.model import Frame, GreyWindow


def box_text(box: MarkedBox) -> str:
    """Return the text beside a box: its label, and whose it is unless the model's as it was."""
    if box.origin == "user":
        return QCoreApplication.translate("Canvas", "{0} (yours)").format(box.label)
    if box.is_corrected:
        return QCoreApplication.translate("Canvas", "{0} (corrected)").format(box.label)
    return box.label


def view_lines(
    frame: Frame, geometry: ViewGeometry, device_pixel_ratio: float, position: str
) -> dict[str, tuple[str, ...]]:
    """Return a frame's corner text with the place in the stack, the window and the zoom."""
    lines = {corner: tuple(texts) for corner, texts in frame.corner_text.items()}
    if position:
        lines["bottom-left"] = (*lines.get("bottom-left", ()), position)
    view = [window_text(frame, geometry.state.window)] if frame.is_grey else []
    if geometry.state.inverted:
        view.append(QCoreApplication.translate("Canvas", "Inverted"))
    # Of device pixels, so that 100 % is one image pixel on one screen pixel at every scaling.
    zoom = geometry.zoom * device_pixel_ratio * 100
    view.append(
        QCoreApplication.translate("Canvas", "Zoom {0} %").format(f"{zoom:.3g}" if zoom < 100 else f"{zoom:.0f}")
    )
    lines["bottom-right"] = (*lines.get("bottom-right", ()), *view)
    return lines


def window_text(frame: Frame, window: GreyWindow | None) -> str:
    """Return width and level as radiology writes them, with the window's name."""
    shown = window or (frame.windows[0] if frame.windows else None)
    if shown is None:
        return QCoreApplication.translate("Canvas", "W/L: full range")
    text = f"W {_short(shown.width)} L {_short(shown.center)}"
    return f"{text} ({window_name(shown)})" if shown.name else text


def window_name(window: GreyWindow) -> str:
    """Return a window's name in the user's language; a file's own explanation as it is."""
    return QCoreApplication.translate("Windows", window.name)


def _short(number: float) -> str:
    return f"{number:.0f}" if abs(number) >= 100 or number == int(number) else f"{number:.3g}"
