"""Which languages there are, and how one is taken."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

from medmo_models.errors import InputError

SYSTEM = "system"
_FOLDER = Path(__file__).parent
_PREFIX = "medmo_"
_OWN_TRANSLATORS = "medmo-translator"


def available_languages() -> tuple[str, ...]:
    """Return the codes of the languages that the window has."""
    return tuple(sorted(path.stem.removeprefix(_PREFIX) for path in _FOLDER.glob(f"{_PREFIX}*.qm")))


def native_name(code: str) -> str:
    """Return a language's name as its speakers write it."""
    if code == "en":
        return "English"  # Qt calls it American English
    name = QLocale(code).nativeLanguageName()
    return name[:1].upper() + name[1:]


def use_language(application: QCoreApplication, language: str) -> str:
    """Translate what is made from now on; return the code of the language that is used.

    Parameters
    ----------
    application : QCoreApplication
    language : str
        ``system``: the first of the user's languages that there is, else English. Otherwise a code such as ``de``.

    Raises
    ------
    InputError
        If the window does not have the language.
    """
    known = available_languages()
    wanted = _of_the_system(known) if language == SYSTEM else language
    if wanted not in known:
        raise InputError(f"The window does not have the language {language!r:.20}; it has {', '.join(known)}.")
    for old in application.findChildren(QTranslator, _OWN_TRANSLATORS):
        application.removeTranslator(old)
        old.deleteLater()
    # English holds the plural forms; the one that is installed last is asked first.
    _install(application, f"{_PREFIX}en", _FOLDER)
    if wanted != "en":
        _install(application, f"qtbase_{wanted}", Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)))
        _install(application, f"{_PREFIX}{wanted}", _FOLDER)
    return wanted


def _of_the_system(known: tuple[str, ...]) -> str:
    codes = (name.split("-")[0] for name in QLocale.system().uiLanguages())
    return next((code for code in codes if code in known), "en")


def _install(application: QCoreApplication, name: str, folder: Path) -> None:
    translator = QTranslator(application)
    translator.setObjectName(_OWN_TRANSLATORS)
    if translator.load(name, str(folder)):
        application.installTranslator(translator)
