<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
    <context>
        <name>AnswerNotes</name>
        <message>
            <source>You stopped this answer; it is not part of the conversation.</source>
            <translation>Sie haben diese Antwort angehalten; sie gehört nicht zum Gespräch.</translation>
        </message>
        <message>
            <source>The answer reached its limit of {0} tokens and ends there.</source>
            <translation>Die Antwort hat ihre Grenze von {0} Token erreicht und endet dort.</translation>
        </message>
        <message>
            <source>To fit the memory, {0}.</source>
            <translation>Um in den Speicher zu passen, gilt: {0}.</translation>
        </message>
        <message>
            <source>{method} on {backend}/{device}: {reason}.</source>
            <translation>{method} auf {backend}/{device}: {reason}.</translation>
        </message>
        <message>
            <source>{0} tokens</source>
            <translation>{0} Token</translation>
        </message>
        <message>
            <source>{0:.1f} tokens/s</source>
            <translation>{0:.1f} Token/s</translation>
        </message>
        <message>
            <source>{0} of {1} prompt tokens reused</source>
            <translation>{0} von {1} Token der Eingabe wiederverwendet</translation>
        </message>
        <message>
            <source>The answer ends in the middle of a box: the last one is missing.</source>
            <translation>Die Antwort endet mitten in einem Rahmen: der letzte fehlt.</translation>
        </message>
        <message>
            <source>Something that looks like a box could not be read and was left out.</source>
            <translation>Etwas, das wie ein Rahmen aussieht, war nicht lesbar und wurde ausgelassen.</translation>
        </message>
        <message>
            <source>The model repeated itself; repeats were left out.</source>
            <translation>Das Modell hat sich wiederholt; Wiederholungen wurden ausgelassen.</translation>
        </message>
    </context>
    <context>
        <name>AnswerView</name>
        <message>
            <source>Answer</source>
            <translation>Antwort</translation>
        </message>
        <message>
            <source>Point at an underlined phrase to see its boxes; click it to select one</source>
            <translation>Zeigen Sie auf einen unterstrichenen Ausdruck, um seine Rahmen zu sehen; ein Klick wählt einen aus</translation>
        </message>
        <message>
            <source>The answer appears here.</source>
            <translation>Hier erscheint die Antwort.</translation>
        </message>
    </context>
    <context>
        <name>AskPanel</name>
        <message>
            <source>&amp;Retry</source>
            <translation>&amp;Wiederholen</translation>
        </message>
        <message>
            <source>&amp;New conversation</source>
            <translation>&amp;Neues Gespräch</translation>
        </message>
        <message>
            <source>Questions about this image</source>
            <translation>Fragen zu diesem Bild</translation>
        </message>
        <message>
            <source>What was asked about this image; choose one to see its answer and boxes</source>
            <translation>Was zu diesem Bild gefragt wurde; wählen Sie eine Frage, um Antwort und Rahmen zu sehen</translation>
        </message>
        <message>
            <source>Forget what was said about this image; boxes that you drew stay</source>
            <translation>Vergisst, was zu diesem Bild gesagt wurde; Ihre gezeichneten Rahmen bleiben</translation>
        </message>
        <message>
            <source>Ask the same question again; the model is loaded again if need be</source>
            <translation>Stellt dieselbe Frage noch einmal; das Modell wird bei Bedarf neu geladen</translation>
        </message>
        <message>
            <source>State</source>
            <translation>Zustand</translation>
        </message>
        <message>
            <source>Notes about the answer</source>
            <translation>Hinweise zur Antwort</translation>
        </message>
        <message>
            <source>Conversation about this image</source>
            <translation>Gespräch über dieses Bild</translation>
        </message>
        <message>
            <source>Answering… {0} tokens, {1:.1f} tokens/s</source>
            <translation>Antwort läuft… {0} Token, {1:.1f} Token/s</translation>
        </message>
        <message>
            <source>Loading the model…</source>
            <translation>Das Modell wird geladen…</translation>
        </message>
        <message>
            <source>Encoding the image ahead of the question…</source>
            <translation>Das Bild wird vor der Frage codiert…</translation>
        </message>
        <message>
            <source>Answering…</source>
            <translation>Antwortet…</translation>
        </message>
        <message>
            <source>Stopping…</source>
            <translation>Hält an…</translation>
        </message>
        <message>
            <source>The question is answered once the image is encoded…</source>
            <translation>Die Frage wird beantwortet, sobald das Bild codiert ist…</translation>
        </message>
    </context>
    <context>
        <name>BoxInteraction</name>
        <message>
            <source>Delete box</source>
            <translation>Rahmen löschen</translation>
        </message>
        <message>
            <source>Move box</source>
            <translation>Rahmen verschieben</translation>
        </message>
        <message>
            <source>Draw box</source>
            <translation>Rahmen zeichnen</translation>
        </message>
    </context>
    <context>
        <name>BoxTable</name>
        <message>
            <source>Change</source>
            <translation>Änderung</translation>
        </message>
        <message>
            <source>Label</source>
            <translation>Bezeichnung</translation>
        </message>
        <message>
            <source>IoU</source>
            <translation>IoU</translation>
        </message>
        <message>
            <source>Corner shift</source>
            <translation>Eckenverschiebung</translation>
        </message>
        <message>
            <source>First</source>
            <translation>Erste</translation>
        </message>
        <message>
            <source>Second</source>
            <translation>Zweite</translation>
        </message>
        <message>
            <source>Boxes of both answers</source>
            <translation>Rahmen beider Antworten</translation>
        </message>
        <message>
            <source>matched</source>
            <translation>übereinstimmend</translation>
        </message>
        <message>
            <source>moved</source>
            <translation>verschoben</translation>
        </message>
        <message>
            <source>lost</source>
            <translation>verloren</translation>
        </message>
        <message>
            <source>new</source>
            <translation>neu</translation>
        </message>
        <message>
            <source>{0:.1f} px</source>
            <translation>{0:.1f} px</translation>
        </message>
        <message>
            <source>corners in the wrong order, put right</source>
            <translation>Ecken in falscher Reihenfolge, berichtigt</translation>
        </message>
        <message>
            <source>reached out of the image, cut at its edge</source>
            <translation>ragte aus dem Bild, am Rand abgeschnitten</translation>
        </message>
        <message>
            <source>too large for the model's grid: probably another unit, drawn as written</source>
            <translation>zu groß für das Raster des Modells: wohl eine andere Einheit, gezeichnet wie geschrieben</translation>
        </message>
        <message>
            <source>written as shares from 0 to 1</source>
            <translation>als Anteile von 0 bis 1 geschrieben</translation>
        </message>
        <message>
            <source>user</source>
            <translation>Benutzer</translation>
        </message>
        <message>
            <source>model, corrected</source>
            <translation>Modell, berichtigt</translation>
        </message>
        <message>
            <source>model</source>
            <translation>Modell</translation>
        </message>
        <message>
            <source>Show</source>
            <translation>Zeigen</translation>
        </message>
        <message>
            <source>Whether the box is drawn</source>
            <translation>Ob der Rahmen gezeichnet wird</translation>
        </message>
        <message>
            <source>Double-click or F2 to rename</source>
            <translation>Doppelklick oder F2 zum Umbenennen</translation>
        </message>
        <message>
            <source>Pixels</source>
            <translation>Pixel</translation>
        </message>
        <message>
            <source>x1, y1 - x2, y2 in pixels of the image as shown</source>
            <translation>x1, y1 - x2, y2 in Pixeln des gezeigten Bildes</translation>
        </message>
        <message>
            <source>Model wrote</source>
            <translation>Vom Modell geschrieben</translation>
        </message>
        <message>
            <source>x1, y1 - x2, y2 as the model wrote them, in its own unit</source>
            <translation>x1, y1 - x2, y2, wie das Modell sie geschrieben hat, in seiner eigenen Einheit</translation>
        </message>
        <message>
            <source>Token probability</source>
            <translation>Token-Wahrscheinlichkeit</translation>
        </message>
        <message>
            <source>token probability, not disease probability</source>
            <translation>Wahrscheinlichkeit der Token, nicht der Krankheit</translation>
        </message>
        <message>
            <source>Origin</source>
            <translation>Herkunft</translation>
        </message>
        <message>
            <source>The model, the user, or the model corrected by the user</source>
            <translation>Das Modell, der Benutzer oder das vom Benutzer berichtigte Modell</translation>
        </message>
        <message>
            <source>Marks</source>
            <translation>Vermerke</translation>
        </message>
        <message>
            <source>What was unusual about the numbers</source>
            <translation>Was an den Zahlen ungewöhnlich war</translation>
        </message>
        <message>
            <source>not disease probability</source>
            <translation>nicht der Krankheit</translation>
        </message>
        <message>
            <source>shown</source>
            <translation>gezeigt</translation>
        </message>
        <message>
            <source>hidden</source>
            <translation>verborgen</translation>
        </message>
        <message>
            <source>Show a box</source>
            <translation>Rahmen zeigen</translation>
        </message>
        <message>
            <source>Hide a box</source>
            <translation>Rahmen verbergen</translation>
        </message>
        <message>
            <source>Rename a box</source>
            <translation>Rahmen umbenennen</translation>
        </message>
        <message>
            <source>(no label)</source>
            <translation>(ohne Bezeichnung)</translation>
        </message>
        <message>
            <source>The model called it {0}</source>
            <translation>Das Modell nannte es {0}</translation>
        </message>
        <message>
            <source>The model put it at {0}</source>
            <translation>Das Modell setzte ihn auf {0}</translation>
        </message>
    </context>
    <context>
        <name>Canvas</name>
        <message>
            <source>{0} (yours)</source>
            <translation>{0} (von Ihnen)</translation>
        </message>
        <message>
            <source>{0} (corrected)</source>
            <translation>{0} (berichtigt)</translation>
        </message>
        <message>
            <source>Inverted</source>
            <translation>Invertiert</translation>
        </message>
        <message>
            <source>Zoom {0} %</source>
            <translation>Zoom {0} %</translation>
        </message>
        <message>
            <source>W/L: full range</source>
            <translation>W/L: voller Bereich</translation>
        </message>
        <message>
            <source>Line from {0}, {1} to {2}, {3}.</source>
            <translation>Linie von {0}, {1} nach {2}, {3}.</translation>
        </message>
        <message>
            <source>Box at {0}, {1}, {2} by {3} pixels.</source>
            <translation>Rahmen bei {0}, {1}, {2} mal {3} Pixel.</translation>
        </message>
    </context>
    <context>
        <name>CineBar</name>
        <message>
            <source>Play the series</source>
            <translation>Serie abspielen</translation>
        </message>
        <message>
            <source>Frames per second</source>
            <translation>Bilder pro Sekunde</translation>
        </message>
        <message>
            <source>How many frames are shown in a second</source>
            <translation>Wie viele Bilder in einer Sekunde gezeigt werden</translation>
        </message>
        <message>
            <source>&amp;Frames per second</source>
            <translation>&amp;Bilder pro Sekunde</translation>
        </message>
        <message>
            <source>Pause the series</source>
            <translation>Serie anhalten</translation>
        </message>
    </context>
    <context>
        <name>Commands</name>
        <message>
            <source>File</source>
            <translation>Datei</translation>
        </message>
        <message>
            <source>Edit</source>
            <translation>Bearbeiten</translation>
        </message>
        <message>
            <source>View</source>
            <translation>Ansicht</translation>
        </message>
        <message>
            <source>Image</source>
            <translation>Bild</translation>
        </message>
        <message>
            <source>Question</source>
            <translation>Frage</translation>
        </message>
        <message>
            <source>Panels</source>
            <translation>Fenster</translation>
        </message>
        <message>
            <source>Help</source>
            <translation>Hilfe</translation>
        </message>
        <message>
            <source>&amp;Open files...</source>
            <translation>Dateien ö&amp;ffnen...</translation>
        </message>
        <message>
            <source>Open images: DICOM, PNG, JPEG, TIFF, NIfTI.</source>
            <translation>Bilder öffnen: DICOM, PNG, JPEG, TIFF, NIfTI.</translation>
        </message>
        <message>
            <source>Open &amp;folder...</source>
            <translation>&amp;Ordner öffnen...</translation>
        </message>
        <message>
            <source>Open a folder and sort its images into series.</source>
            <translation>Einen Ordner öffnen und seine Bilder zu Serien ordnen.</translation>
        </message>
        <message>
            <source>Open a &amp;sample image</source>
            <translation>&amp;Beispielbild öffnen</translation>
        </message>
        <message>
            <source>Open a generated picture that the embedded model knows.</source>
            <translation>Ein erzeugtes Bild öffnen, das das eingebaute Modell kennt.</translation>
        </message>
        <message>
            <source>Export annotated &amp;PNG...</source>
            <translation>Als beschriftetes &amp;PNG exportieren...</translation>
        </message>
        <message>
            <source>Save the image with its boxes as a picture.</source>
            <translation>Das Bild mit seinen Rahmen als Bilddatei speichern.</translation>
        </message>
        <message>
            <source>Export &amp;JSON...</source>
            <translation>Als &amp;JSON exportieren...</translation>
        </message>
        <message>
            <source>Save answer and boxes as JSON.</source>
            <translation>Antwort und Rahmen als JSON speichern.</translation>
        </message>
        <message>
            <source>Export &amp;COCO...</source>
            <translation>Als &amp;COCO exportieren...</translation>
        </message>
        <message>
            <source>Save the boxes as a COCO data set.</source>
            <translation>Die Rahmen als COCO-Datensatz speichern.</translation>
        </message>
        <message>
            <source>Export DICOM S&amp;R...</source>
            <translation>Als DICOM S&amp;R exportieren...</translation>
        </message>
        <message>
            <source>Save the boxes as a DICOM structured report.</source>
            <translation>Die Rahmen als strukturierten DICOM-Befund speichern.</translation>
        </message>
        <message>
            <source>Export DICOM &amp;view...</source>
            <translation>DICOM-&amp;Ansicht exportieren...</translation>
        </message>
        <message>
            <source>Save view and boxes as a DICOM grayscale presentation state.</source>
            <translation>Ansicht und Rahmen als DICOM-Darstellungszustand (Grayscale Softcopy Presentation State) speichern.</translation>
        </message>
        <message>
            <source>Export DICOM SR, &amp;de-identified...</source>
            <translation>Als DICOM SR exportieren, &amp;deidentifiziert...</translation>
        </message>
        <message>
            <source>The same with another patient, no dates and new UIDs.</source>
            <translation>Dasselbe mit einem anderen Patienten, ohne Datum und mit neuen UIDs.</translation>
        </message>
        <message>
            <source>Save &amp;case file...</source>
            <translation>&amp;Fall speichern...</translation>
        </message>
        <message>
            <source>Save what is needed to answer again and compare.</source>
            <translation>Speichern, was nötig ist, um erneut zu fragen und zu vergleichen.</translation>
        </message>
        <message>
            <source>&amp;Close image</source>
            <translation>Bild &amp;schließen</translation>
        </message>
        <message>
            <source>Take the series off the list.</source>
            <translation>Die Serie von der Liste nehmen.</translation>
        </message>
        <message>
            <source>&amp;Quit</source>
            <translation>B&amp;eenden</translation>
        </message>
        <message>
            <source>End the program.</source>
            <translation>Das Programm beenden.</translation>
        </message>
        <message>
            <source>&amp;Undo</source>
            <translation>&amp;Rückgängig</translation>
        </message>
        <message>
            <source>Take back the last change of a box.</source>
            <translation>Die letzte Änderung eines Rahmens zurücknehmen.</translation>
        </message>
        <message>
            <source>&amp;Redo</source>
            <translation>&amp;Wiederherstellen</translation>
        </message>
        <message>
            <source>Make the last change of a box again.</source>
            <translation>Die letzte Änderung eines Rahmens erneut ausführen.</translation>
        </message>
        <message>
            <source>&amp;Delete box</source>
            <translation>Rahmen &amp;löschen</translation>
        </message>
        <message>
            <source>Delete the selected box.</source>
            <translation>Den ausgewählten Rahmen löschen.</translation>
        </message>
        <message>
            <source>&amp;Next box</source>
            <translation>&amp;Nächster Rahmen</translation>
        </message>
        <message>
            <source>Select the next box.</source>
            <translation>Den nächsten Rahmen auswählen.</translation>
        </message>
        <message>
            <source>&amp;Previous box</source>
            <translation>&amp;Voriger Rahmen</translation>
        </message>
        <message>
            <source>Select the previous box.</source>
            <translation>Den vorigen Rahmen auswählen.</translation>
        </message>
        <message>
            <source>&amp;Settings...</source>
            <translation>&amp;Einstellungen...</translation>
        </message>
        <message>
            <source>Theme, network, and what happens when an image opens.</source>
            <translation>Farben, Netz, und was beim Öffnen eines Bildes geschieht.</translation>
        </message>
        <message>
            <source>&amp;Fit to window</source>
            <translation>An Fenster an&amp;passen</translation>
        </message>
        <message>
            <source>Show the whole image.</source>
            <translation>Das ganze Bild zeigen.</translation>
        </message>
        <message>
            <source>Zoom &amp;in</source>
            <translation>Ver&amp;größern</translation>
        </message>
        <message>
            <source>Magnify.</source>
            <translation>Größer zeigen.</translation>
        </message>
        <message>
            <source>Zoom &amp;out</source>
            <translation>Ver&amp;kleinern</translation>
        </message>
        <message>
            <source>Shrink.</source>
            <translation>Kleiner zeigen.</translation>
        </message>
        <message>
            <source>One image pixel per &amp;screen pixel</source>
            <translation>Ein Bildpixel je Bild&amp;schirmpixel</translation>
        </message>
        <message>
            <source>Show pixels as they are.</source>
            <translation>Pixel zeigen, wie sie sind.</translation>
        </message>
        <message>
            <source>&amp;Hide all boxes</source>
            <translation>Alle &amp;Rahmen verbergen</translation>
        </message>
        <message>
            <source>Hide or show every box.</source>
            <translation>Alle Rahmen verbergen oder zeigen.</translation>
        </message>
        <message>
            <source>&amp;Corner text</source>
            <translation>&amp;Ecktext</translation>
        </message>
        <message>
            <source>Show or hide the text in the corners.</source>
            <translation>Den Text in den Ecken zeigen oder verbergen.</translation>
        </message>
        <message>
            <source>&amp;What the model saw...</source>
            <translation>&amp;Was das Modell sah...</translation>
        </message>
        <message>
            <source>Show the exact image that the model was given.</source>
            <translation>Genau das Bild zeigen, das das Modell bekam.</translation>
        </message>
        <message>
            <source>F&amp;ull screen</source>
            <translation>&amp;Vollbild</translation>
        </message>
        <message>
            <source>Use the whole screen.</source>
            <translation>Den ganzen Bildschirm verwenden.</translation>
        </message>
        <message>
            <source>&amp;Invert grey values</source>
            <translation>Grauwerte &amp;invertieren</translation>
        </message>
        <message>
            <source>Swap black and white.</source>
            <translation>Schwarz und Weiß tauschen.</translation>
        </message>
        <message>
            <source>Flip &amp;horizontally</source>
            <translation>&amp;Waagerecht spiegeln</translation>
        </message>
        <message>
            <source>Swap left and right.</source>
            <translation>Links und rechts tauschen.</translation>
        </message>
        <message>
            <source>Flip &amp;vertically</source>
            <translation>&amp;Senkrecht spiegeln</translation>
        </message>
        <message>
            <source>Swap top and bottom.</source>
            <translation>Oben und unten tauschen.</translation>
        </message>
        <message>
            <source>&amp;Rotate right</source>
            <translation>Nach &amp;rechts drehen</translation>
        </message>
        <message>
            <source>Turn by 90 degrees, clockwise.</source>
            <translation>Um 90 Grad im Uhrzeigersinn drehen.</translation>
        </message>
        <message>
            <source>Rotate &amp;left</source>
            <translation>Nach &amp;links drehen</translation>
        </message>
        <message>
            <source>Turn by 90 degrees, anticlockwise.</source>
            <translation>Um 90 Grad gegen den Uhrzeigersinn drehen.</translation>
        </message>
        <message>
            <source>R&amp;eset view</source>
            <translation>Ansicht &amp;zurücksetzen</translation>
        </message>
        <message>
            <source>Undo window, zoom, flips and turns.</source>
            <translation>Fenster, Zoom, Spiegelungen und Drehungen zurücknehmen.</translation>
        </message>
        <message>
            <source>Window: the file's &amp;own</source>
            <translation>Fensterung: &amp;die der Datei</translation>
        </message>
        <message>
            <source>Show grey values as the file says.</source>
            <translation>Grauwerte zeigen, wie die Datei es sagt.</translation>
        </message>
        <message>
            <source>Window preset 1</source>
            <translation>Fensterung 1</translation>
        </message>
        <message>
            <source>Use the first window preset.</source>
            <translation>Die erste Fensterung verwenden.</translation>
        </message>
        <message>
            <source>Window preset 2</source>
            <translation>Fensterung 2</translation>
        </message>
        <message>
            <source>Use the second window preset.</source>
            <translation>Die zweite Fensterung verwenden.</translation>
        </message>
        <message>
            <source>Window preset 3</source>
            <translation>Fensterung 3</translation>
        </message>
        <message>
            <source>Use the third window preset.</source>
            <translation>Die dritte Fensterung verwenden.</translation>
        </message>
        <message>
            <source>Window preset 4</source>
            <translation>Fensterung 4</translation>
        </message>
        <message>
            <source>Use the fourth window preset.</source>
            <translation>Die vierte Fensterung verwenden.</translation>
        </message>
        <message>
            <source>Window preset 5</source>
            <translation>Fensterung 5</translation>
        </message>
        <message>
            <source>Use the fifth window preset.</source>
            <translation>Die fünfte Fensterung verwenden.</translation>
        </message>
        <message>
            <source>Tool: &amp;select, window and level</source>
            <translation>Werkzeug: &amp;Auswahl und Fensterung</translation>
        </message>
        <message>
            <source>Drag changes boxes, or the window.</source>
            <translation>Ziehen ändert Rahmen oder die Fensterung.</translation>
        </message>
        <message>
            <source>Tool: &amp;pan</source>
            <translation>Werkzeug: &amp;Verschieben</translation>
        </message>
        <message>
            <source>Drag moves the image.</source>
            <translation>Ziehen verschiebt das Bild.</translation>
        </message>
        <message>
            <source>Tool: &amp;zoom</source>
            <translation>Werkzeug: Z&amp;oom</translation>
        </message>
        <message>
            <source>Drag zooms.</source>
            <translation>Ziehen vergrößert und verkleinert.</translation>
        </message>
        <message>
            <source>Tool: &amp;length</source>
            <translation>Werkzeug: Lä&amp;nge</translation>
        </message>
        <message>
            <source>Drag measures a length.</source>
            <translation>Ziehen misst eine Länge.</translation>
        </message>
        <message>
            <source>Tool: draw a &amp;box</source>
            <translation>Werkzeug: Rahmen zeichnen (&amp;B)</translation>
        </message>
        <message>
            <source>Drag adds a box of your own.</source>
            <translation>Ziehen zeichnet einen eigenen Rahmen.</translation>
        </message>
        <message>
            <source>Draw a box by &amp;keys</source>
            <translation>Rahmen mit &amp;Tasten zeichnen</translation>
        </message>
        <message>
            <source>Begin a box in the middle of what is seen.</source>
            <translation>Einen Rahmen in der Mitte des Sichtbaren beginnen.</translation>
        </message>
        <message>
            <source>Measure by keys</source>
            <translation>Länge mit Tasten messen</translation>
        </message>
        <message>
            <source>Begin a length in the middle of what is seen.</source>
            <translation>Eine Länge in der Mitte des Sichtbaren beginnen.</translation>
        </message>
        <message>
            <source>&amp;Next frame</source>
            <translation>Nächstes Bild</translation>
        </message>
        <message>
            <source>Go one image on in the series.</source>
            <translation>In der Serie ein Bild weitergehen.</translation>
        </message>
        <message>
            <source>&amp;Previous frame</source>
            <translation>Voriges Bild</translation>
        </message>
        <message>
            <source>Go one image back in the series.</source>
            <translation>In der Serie ein Bild zurückgehen.</translation>
        </message>
        <message>
            <source>First frame</source>
            <translation>Erstes Bild</translation>
        </message>
        <message>
            <source>Go to the first image of the series.</source>
            <translation>Zum ersten Bild der Serie gehen.</translation>
        </message>
        <message>
            <source>Last frame</source>
            <translation>Letztes Bild</translation>
        </message>
        <message>
            <source>Go to the last image of the series.</source>
            <translation>Zum letzten Bild der Serie gehen.</translation>
        </message>
        <message>
            <source>Play or stop the &amp;cine</source>
            <translation>&amp;Cine abspielen oder anhalten</translation>
        </message>
        <message>
            <source>Run through the series.</source>
            <translation>Die Serie durchlaufen.</translation>
        </message>
        <message>
            <source>Next series</source>
            <translation>Nächste Serie</translation>
        </message>
        <message>
            <source>Show the next series of the list.</source>
            <translation>Die nächste Serie der Liste zeigen.</translation>
        </message>
        <message>
            <source>Previous series</source>
            <translation>Vorige Serie</translation>
        </message>
        <message>
            <source>Show the previous series of the list.</source>
            <translation>Die vorige Serie der Liste zeigen.</translation>
        </message>
        <message>
            <source>&amp;Type a question</source>
            <translation>Frage &amp;eingeben</translation>
        </message>
        <message>
            <source>Put the cursor into the question.</source>
            <translation>Den Cursor in die Frage setzen.</translation>
        </message>
        <message>
            <source>&amp;Ask</source>
            <translation>&amp;Fragen</translation>
        </message>
        <message>
            <source>Send the question.</source>
            <translation>Die Frage absenden.</translation>
        </message>
        <message>
            <source>&amp;Stop</source>
            <translation>&amp;Anhalten</translation>
        </message>
        <message>
            <source>Stop the answer at the next token.</source>
            <translation>Die Antwort beim nächsten Token anhalten.</translation>
        </message>
        <message>
            <source>&amp;Image</source>
            <translation>&amp;Bild</translation>
        </message>
        <message>
            <source>Back to the image.</source>
            <translation>Zurück zum Bild.</translation>
        </message>
        <message>
            <source>&amp;Compare two models</source>
            <translation>Zwei Modelle &amp;vergleichen</translation>
        </message>
        <message>
            <source>Ask two models and compare.</source>
            <translation>Zwei Modelle fragen und vergleichen.</translation>
        </message>
        <message>
            <source>&amp;Models</source>
            <translation>&amp;Modelle</translation>
        </message>
        <message>
            <source>What is installed, and will it fit.</source>
            <translation>Was installiert ist, und ob es passt.</translation>
        </message>
        <message>
            <source>M&amp;achine</source>
            <translation>Re&amp;chner</translation>
        </message>
        <message>
            <source>What this machine is.</source>
            <translation>Was dieser Rechner ist.</translation>
        </message>
        <message>
            <source>DICOM &amp;tags</source>
            <translation>&amp;DICOM-Tags</translation>
        </message>
        <message>
            <source>Every data element of the file.</source>
            <translation>Jedes Datenelement der Datei.</translation>
        </message>
        <message>
            <source>&amp;Series list</source>
            <translation>&amp;Serienliste</translation>
        </message>
        <message>
            <source>The images that are open.</source>
            <translation>Die geöffneten Bilder.</translation>
        </message>
        <message>
            <source>&amp;Question and findings</source>
            <translation>&amp;Frage und Befunde</translation>
        </message>
        <message>
            <source>Ask, and see the answer.</source>
            <translation>Fragen und die Antwort sehen.</translation>
        </message>
        <message>
            <source>&amp;Keyboard shortcuts</source>
            <translation>&amp;Tastenkürzel</translation>
        </message>
        <message>
            <source>All keys on one sheet.</source>
            <translation>Alle Tasten auf einem Blatt.</translation>
        </message>
        <message>
            <source>&amp;First steps</source>
            <translation>&amp;Erste Schritte</translation>
        </message>
        <message>
            <source>The page that you saw at the first start.</source>
            <translation>Die Seite, die Sie beim ersten Start gesehen haben.</translation>
        </message>
        <message>
            <source>&amp;About</source>
            <translation>Ü&amp;ber</translation>
        </message>
        <message>
            <source>Version, licence and purpose.</source>
            <translation>Version, Lizenz und Zweck.</translation>
        </message>
        <message>
            <source>Left button, drag</source>
            <translation>Linke Taste, ziehen</translation>
        </message>
        <message>
            <source>The tool that is chosen; a selected box is moved or resized</source>
            <translation>Das gewählte Werkzeug; ein ausgewählter Rahmen wird verschoben oder in der Größe geändert</translation>
        </message>
        <message>
            <source>Middle button, drag</source>
            <translation>Mittlere Taste, ziehen</translation>
        </message>
        <message>
            <source>Move the image</source>
            <translation>Das Bild verschieben</translation>
        </message>
        <message>
            <source>Right button, drag</source>
            <translation>Rechte Taste, ziehen</translation>
        </message>
        <message>
            <source>Zoom</source>
            <translation>Zoom</translation>
        </message>
        <message>
            <source>Double click</source>
            <translation>Doppelklick</translation>
        </message>
        <message>
            <source>Fit to window</source>
            <translation>An Fenster anpassen</translation>
        </message>
        <message>
            <source>Wheel</source>
            <translation>Mausrad</translation>
        </message>
        <message>
            <source>Scroll through the series</source>
            <translation>Durch die Serie blättern</translation>
        </message>
        <message>
            <source>Ctrl and wheel</source>
            <translation>Strg und Mausrad</translation>
        </message>
        <message>
            <source>Zoom at the pointer</source>
            <translation>Am Mauszeiger vergrößern und verkleinern</translation>
        </message>
        <message>
            <source>Enter</source>
            <translation>Eingabe</translation>
        </message>
        <message>
            <source>With the tool for boxes or lengths: begin one in the middle of what is seen; then keep it</source>
            <translation>Mit dem Werkzeug für Rahmen oder Längen: in der Mitte des Sichtbaren beginnen; danach behalten</translation>
        </message>
        <message>
            <source>Arrow keys</source>
            <translation>Pfeiltasten</translation>
        </message>
        <message>
            <source>Move the selected box, or the one being drawn; without a box, up and down scroll</source>
            <translation>Den ausgewählten oder gerade gezeichneten Rahmen verschieben; ohne Rahmen blättern auf und ab</translation>
        </message>
        <message>
            <source>Shift and arrow keys</source>
            <translation>Umschalt und Pfeiltasten</translation>
        </message>
        <message>
            <source>Resize it: its right and lower edge, or the end of a length</source>
            <translation>Die Größe ändern: rechte und untere Kante, oder das Ende einer Länge</translation>
        </message>
        <message>
            <source>Ctrl or Alt with arrow keys</source>
            <translation>Strg oder Alt mit Pfeiltasten</translation>
        </message>
        <message>
            <source>The same by one pixel of the image</source>
            <translation>Dasselbe um ein Pixel des Bildes</translation>
        </message>
        <message>
            <source>Del</source>
            <translation>Entf</translation>
        </message>
        <message>
            <source>Delete the selected box, or the last measured line</source>
            <translation>Den ausgewählten Rahmen oder die zuletzt gemessene Linie löschen</translation>
        </message>
        <message>
            <source>Esc</source>
            <translation>Esc</translation>
        </message>
        <message>
            <source>Select nothing, or give up what was begun</source>
            <translation>Nichts auswählen, oder das Begonnene aufgeben</translation>
        </message>
    </context>
    <context>
        <name>ComparePanel</name>
        <message>
            <source>First</source>
            <translation>Erste</translation>
        </message>
        <message>
            <source>Second</source>
            <translation>Zweite</translation>
        </message>
        <message>
            <source>Question for both models</source>
            <translation>Frage an beide Modelle</translation>
        </message>
        <message>
            <source>The question that both models are asked</source>
            <translation>Die Frage, die beiden Modellen gestellt wird</translation>
        </message>
        <message>
            <source>&amp;Compare</source>
            <translation>&amp;Vergleichen</translation>
        </message>
        <message>
            <source>Ask both models, one after the other</source>
            <translation>Beide Modelle fragen, eines nach dem anderen</translation>
        </message>
        <message>
            <source>Compare</source>
            <translation>Vergleichen</translation>
        </message>
        <message>
            <source>&amp;Link pan, zoom and window</source>
            <translation>Verschieben, Zoom und Fensterung &amp;koppeln</translation>
        </message>
        <message>
            <source>Both pictures show the same place in the same way</source>
            <translation>Beide Bilder zeigen dieselbe Stelle auf dieselbe Weise</translation>
        </message>
        <message>
            <source>Measure &amp;noise</source>
            <translation>&amp;Rauschen messen</translation>
        </message>
        <message>
            <source>Ask the first model again about the picture one grey level brighter: how far do its own boxes move?</source>
            <translation>Das erste Modell noch einmal fragen, mit einem um eine Graustufe helleren Bild: wie weit bewegen sich seine eigenen Rahmen?</translation>
        </message>
        <message>
            <source>&amp;Question</source>
            <translation>&amp;Frage</translation>
        </message>
        <message>
            <source>Comparing</source>
            <translation>Vergleicht</translation>
        </message>
        <message>
            <source>preparing the image</source>
            <translation>das Bild wird vorbereitet</translation>
        </message>
        <message>
            <source>making the 4-bit copy of the built-in model, once</source>
            <translation>die 4-Bit-Kopie des eingebauten Modells wird erstellt, einmalig</translation>
        </message>
        <message>
            <source>testing the backend on this machine, once</source>
            <translation>das Backend wird auf diesem Rechner geprüft, einmalig</translation>
        </message>
        <message>
            <source>loading the model</source>
            <translation>das Modell wird geladen</translation>
        </message>
        <message>
            <source>encoding the image</source>
            <translation>das Bild wird codiert</translation>
        </message>
        <message>
            <source>reading the question</source>
            <translation>die Frage wird gelesen</translation>
        </message>
        <message>
            <source>writing the answer</source>
            <translation>die Antwort wird geschrieben</translation>
        </message>
        <message>
            <source>measuring the noise</source>
            <translation>das Rauschen wird gemessen</translation>
        </message>
        <message>
            <source>first</source>
            <translation>erstes</translation>
        </message>
        <message>
            <source>second</source>
            <translation>zweites</translation>
        </message>
        <message>
            <source>lost</source>
            <translation>verloren</translation>
        </message>
        <message>
            <source>new</source>
            <translation>neu</translation>
        </message>
    </context>
    <context>
        <name>DrawnCanvas</name>
        <message>
            <source>Image</source>
            <translation>Bild</translation>
        </message>
        <message>
            <source>No image</source>
            <translation>Kein Bild</translation>
        </message>
        <message>
            <source>{0} by {1} pixels</source>
            <translation>{0} mal {1} Pixel</translation>
        </message>
        <message>
            <source>Selected box: {0} at {1}</source>
            <translation>Ausgewählter Rahmen: {0} bei {1}</translation>
        </message>
    </context>
    <context>
        <name>ExportDialog</name>
        <message>
            <source>Export to 4 bit</source>
            <translation>In 4 Bit exportieren</translation>
        </message>
        <message>
            <source>Model</source>
            <translation>Modell</translation>
        </message>
        <message>
            <source>The full-precision model to quantize</source>
            <translation>Das Modell in voller Genauigkeit, das quantisiert wird</translation>
        </message>
        <message>
            <source>Format</source>
            <translation>Format</translation>
        </message>
        <message>
            <source>How the 4-bit weights are made</source>
            <translation>Wie die 4-Bit-Gewichte entstehen</translation>
        </message>
        <message>
            <source>ONNX, calibrated (GPTQ weights)</source>
            <translation>ONNX, kalibriert (GPTQ-Gewichte)</translation>
        </message>
        <message>
            <source>ONNX, rounded to nearest (fast)</source>
            <translation>ONNX, auf den nächsten Wert gerundet (schnell)</translation>
        </message>
        <message>
            <source>GPTQ</source>
            <translation>GPTQ</translation>
        </message>
        <message>
            <source>bitsandbytes nf4</source>
            <translation>bitsandbytes nf4</translation>
        </message>
        <message>
            <source>bitsandbytes fp4</source>
            <translation>bitsandbytes fp4</translation>
        </message>
        <message>
            <source>Name</source>
            <translation>Name</translation>
        </message>
        <message>
            <source>Install the result under this name</source>
            <translation>Das Ergebnis unter diesem Namen installieren</translation>
        </message>
        <message>
            <source>Calibration samples</source>
            <translation>Kalibrierungsbeispiele</translation>
        </message>
        <message>
            <source>Generated phantoms that GPTQ calibrates on</source>
            <translation>Erzeugte Phantome, mit denen GPTQ kalibriert</translation>
        </message>
        <message>
            <source>Device</source>
            <translation>Gerät</translation>
        </message>
        <message>
            <source>Where to quantize</source>
            <translation>Wo quantisiert wird</translation>
        </message>
        <message>
            <source>What is missing</source>
            <translation>Was fehlt</translation>
        </message>
        <message>
            <source>&amp;Start</source>
            <translation>&amp;Starten</translation>
        </message>
        <message>
            <source>Start the export</source>
            <translation>Den Export starten</translation>
        </message>
        <message>
            <source>Quantize in the background</source>
            <translation>Im Hintergrund quantisieren</translation>
        </message>
        <message>
            <source>&amp;Close</source>
            <translation>&amp;Schließen</translation>
        </message>
        <message>
            <source>Close</source>
            <translation>Schließen</translation>
        </message>
        <message>
            <source>Close; a running export goes on</source>
            <translation>Schließen; ein laufender Export geht weiter</translation>
        </message>
        <message>
            <source>There is no model to quantize; import a full-precision one first.</source>
            <translation>Es gibt kein Modell zum Quantisieren; importieren Sie zuerst eines in voller Genauigkeit.</translation>
        </message>
        <message>
            <source>A GPTQ model can only be repacked to ONNX, without another rounding.</source>
            <translation>Ein GPTQ-Modell kann nur in ONNX umgepackt werden, ohne weitere Rundung.</translation>
        </message>
        <message>
            <source>Exporting {0}</source>
            <translation>{0} wird exportiert</translation>
        </message>
        <message>
            <source>{0} is installed: {1:.2f} bits per weight, {2}.</source>
            <translation>{0} ist installiert: {1:.2f} Bit pro Gewicht, {2}.</translation>
        </message>
        <message>
            <source>Against its source: mean KLD {0:.4f}, same most probable token {1:.1%}.</source>
            <translation>Gegen seine Quelle: mittlere KLD {0:.4f}, gleiches wahrscheinlichstes Token {1:.1%}.</translation>
        </message>
    </context>
    <context>
        <name>Exporting</name>
        <message>
            <source>There is nothing to export yet: ask about the image, or draw a box on it.</source>
            <translation>Es gibt noch nichts zu exportieren: stellen Sie eine Frage zum Bild, oder zeichnen Sie einen Rahmen darauf.</translation>
        </message>
        <message>
            <source>Export</source>
            <translation>Exportieren</translation>
        </message>
        <message>
            <source>Exporting</source>
            <translation>Exportiert</translation>
        </message>
        <message>
            <source>Saved {0}.</source>
            <translation>{0} gespeichert.</translation>
        </message>
    </context>
    <context>
        <name>FastCopy</name>
        <message>
            <source>Making the 4-bit copy of the built-in model, once</source>
            <translation>Die 4-Bit-Kopie des eingebauten Modells wird erstellt, einmalig</translation>
        </message>
        <message>
            <source>The 4-bit copy of the built-in model is made and answers from now on.</source>
            <translation>Die 4-Bit-Kopie des eingebauten Modells ist fertig und antwortet von jetzt an.</translation>
        </message>
    </context>
    <context>
        <name>FindingList</name>
        <message>
            <source>Number of boxes</source>
            <translation>Anzahl der Rahmen</translation>
        </message>
        <message>
            <source>Hide all boxes on the image, or show them again</source>
            <translation>Alle Rahmen auf dem Bild verbergen oder wieder zeigen</translation>
        </message>
        <message>
            <source>&amp;Delete</source>
            <translation>&amp;Löschen</translation>
        </message>
        <message>
            <source>Delete a box</source>
            <translation>Rahmen löschen</translation>
        </message>
        <message>
            <source>&amp;Rename</source>
            <translation>&amp;Umbenennen</translation>
        </message>
        <message>
            <source>&amp;Hide</source>
            <translation>&amp;Verbergen</translation>
        </message>
        <message>
            <source>&amp;Show</source>
            <translation>&amp;Zeigen</translation>
        </message>
        <message numerus="yes">
            <source>%n box(es)</source>
            <translation>
                <numerusform>%n Rahmen</numerusform>
                <numerusform>%n Rahmen</numerusform>
            </translation>
        </message>
        <message>
            <source>{0}, {1}</source>
            <translation>{0}, {1}</translation>
        </message>
        <message numerus="yes">
            <source>%n hidden</source>
            <translation>
                <numerusform>%n verborgen</numerusform>
                <numerusform>%n verborgen</numerusform>
            </translation>
        </message>
        <message>
            <source>Hide all boxes</source>
            <translation>Alle Rahmen verbergen</translation>
        </message>
        <message>
            <source>Boxes are hidden: show them</source>
            <translation>Rahmen sind verborgen: zeigen</translation>
        </message>
    </context>
    <context>
        <name>FirstRunPage</name>
        <message>
            <source>Ask a medical vision-language model about an image, and see its boxes. Everything runs on this machine: the network is blocked, and nothing is sent anywhere.

A very small model is built in. It knows only generated pictures, and shows how the program works. For real images, bring a MedMO checkpoint or an artifact made from one.</source>
            <translation>Fragen Sie ein medizinisches Bild-Sprach-Modell zu einem Bild und sehen Sie seine Rahmen. Alles läuft auf diesem Rechner: das Netz ist gesperrt, und nichts wird irgendwohin gesendet.

Ein sehr kleines Modell ist eingebaut. Es kennt nur erzeugte Bilder und zeigt, wie das Programm arbeitet. Für echte Bilder bringen Sie einen MedMO-Checkpoint mit oder ein daraus gemachtes Artefakt.</translation>
        </message>
        <message>
            <source>&amp;Try it: sample image, built-in model</source>
            <translation>&amp;Ausprobieren: Beispielbild, eingebautes Modell</translation>
        </message>
        <message>
            <source>Opens a generated picture and asks for boxes</source>
            <translation>Öffnet ein erzeugtes Bild und fragt nach Rahmen</translation>
        </message>
        <message>
            <source>&amp;Open images...</source>
            <translation>Bilder &amp;öffnen...</translation>
        </message>
        <message>
            <source>DICOM, PNG, JPEG, TIFF or NIfTI files</source>
            <translation>Dateien in DICOM, PNG, JPEG, TIFF oder NIfTI</translation>
        </message>
        <message>
            <source>Choose a &amp;model...</source>
            <translation>Ein &amp;Modell wählen...</translation>
        </message>
        <message>
            <source>Import a model, or see what fits</source>
            <translation>Ein Modell importieren, oder sehen, was passt</translation>
        </message>
        <message>
            <source>You can also drop files and folders anywhere on this window. F1 shows all keys.</source>
            <translation>Sie können Dateien und Ordner auch irgendwo auf diesem Fenster ablegen. F1 zeigt alle Tasten.</translation>
        </message>
    </context>
    <context>
        <name>ImageChips</name>
        <message>
            <source>Images that go along with the question</source>
            <translation>Bilder, die mit der Frage mitgehen</translation>
        </message>
        <message>
            <source>Ask about the image on screen, or about text alone</source>
            <translation>Zum Bild auf dem Schirm fragen, oder zu Text allein</translation>
        </message>
        <message>
            <source>Send {0} along with the question</source>
            <translation>{0} mit der Frage mitsenden</translation>
        </message>
    </context>
    <context>
        <name>ImageCommands</name>
        <message>
            <source>Window: {0}</source>
            <translation>Fensterung: {0}</translation>
        </message>
        <message>
            <source>Delete box</source>
            <translation>Rahmen löschen</translation>
        </message>
    </context>
    <context>
        <name>Inference</name>
        <message>
            <source>No model is open; choose one in the list of models first.</source>
            <translation>Kein Modell ist geöffnet; wählen Sie zuerst eines in der Liste der Modelle.</translation>
        </message>
        <message>
            <source>A fault in MedMO Edge itself ({0}) ended this; try again, and report it if it comes back.</source>
            <translation>Ein Fehler in MedMO Edge selbst ({0}) hat dies beendet; versuchen Sie es noch einmal, und melden Sie ihn, wenn er wiederkommt.</translation>
        </message>
        <message>
            <source>The model's process {0} while encoding the image; the next question starts it again.</source>
            <translation>Der Prozess des Modells {0}, während das Bild codiert wurde; die nächste Frage startet ihn neu.</translation>
        </message>
    </context>
    <context>
        <name>JobStrip</name>
        <message>
            <source>State of the work in the background</source>
            <translation>Stand der Arbeit im Hintergrund</translation>
        </message>
        <message>
            <source>Progress</source>
            <translation>Fortschritt</translation>
        </message>
        <message>
            <source>Cance&amp;l</source>
            <translation>Abb&amp;rechen</translation>
        </message>
        <message>
            <source>Stop what runs in the background</source>
            <translation>Anhalten, was im Hintergrund läuft</translation>
        </message>
        <message>
            <source>Cancel the work in the background</source>
            <translation>Die Arbeit im Hintergrund abbrechen</translation>
        </message>
        <message>
            <source>Failed: {0}</source>
            <translation>Fehlgeschlagen: {0}</translation>
        </message>
        <message>
            <source>{0}: cancelled.</source>
            <translation>{0}: abgebrochen.</translation>
        </message>
        <message>
            <source>{0}: cancelling...</source>
            <translation>{0}: wird abgebrochen...</translation>
        </message>
    </context>
    <context>
        <name>KeyDrawing</name>
        <message>
            <source>Arrows move it, Shift and arrows resize it, Enter keeps it, Esc gives it up.</source>
            <translation>Pfeile verschieben, Umschalt und Pfeile ändern die Größe, Eingabe behält, Esc gibt auf.</translation>
        </message>
        <message>
            <source>Given up; nothing was drawn.</source>
            <translation>Aufgegeben; nichts wurde gezeichnet.</translation>
        </message>
        <message>
            <source>Kept. {0}</source>
            <translation>Behalten. {0}</translation>
        </message>
    </context>
    <context>
        <name>MachinePanel</name>
        <message>
            <source>Part</source>
            <translation>Teil</translation>
        </message>
        <message>
            <source>Fact</source>
            <translation>Angabe</translation>
        </message>
        <message>
            <source>Value</source>
            <translation>Wert</translation>
        </message>
        <message>
            <source>Source</source>
            <translation>Quelle</translation>
        </message>
        <message>
            <source>Facts of this machine</source>
            <translation>Angaben zu diesem Rechner</translation>
        </message>
        <message>
            <source>No model is loaded yet; the first question chooses a backend.</source>
            <translation>Noch ist kein Modell geladen; die erste Frage wählt ein Backend.</translation>
        </message>
        <message>
            <source>The chosen backend and why</source>
            <translation>Das gewählte Backend und warum</translation>
        </message>
        <message>
            <source>Candidate</source>
            <translation>Kandidat</translation>
        </message>
        <message>
            <source>Needs</source>
            <translation>Braucht</translation>
        </message>
        <message>
            <source>Missing</source>
            <translation>Fehlt</translation>
        </message>
        <message>
            <source>Measured</source>
            <translation>Gemessen</translation>
        </message>
        <message>
            <source>Remarks</source>
            <translation>Bemerkungen</translation>
        </message>
        <message>
            <source>Backends that were considered</source>
            <translation>Erwogene Backends</translation>
        </message>
        <message>
            <source>&amp;Refresh</source>
            <translation>&amp;Aktualisieren</translation>
        </message>
        <message>
            <source>Ask the machine again; takes up to a second</source>
            <translation>Den Rechner noch einmal fragen; dauert bis zu einer Sekunde</translation>
        </message>
        <message>
            <source>Refresh</source>
            <translation>Aktualisieren</translation>
        </message>
        <message>
            <source> To fit, {0}.</source>
            <translation> Um zu passen, gilt: {0}.</translation>
        </message>
        <message>
            <source>{0} ({1}): {2}.</source>
            <translation>{0} ({1}): {2}.</translation>
        </message>
        <message>
            <source>not measured</source>
            <translation>nicht gemessen</translation>
        </message>
        <message>
            <source>{0:.0f} tokens/s</source>
            <translation>{0:.0f} Token/s</translation>
        </message>
        <message>
            <source>can run</source>
            <translation>kann laufen</translation>
        </message>
    </context>
    <context>
        <name>MainWindow</name>
        <message>
            <source>Workplaces</source>
            <translation>Arbeitsplätze</translation>
        </message>
        <message>
            <source>Image</source>
            <translation>Bild</translation>
        </message>
        <message>
            <source>Compare</source>
            <translation>Vergleichen</translation>
        </message>
        <message>
            <source>What the model saw</source>
            <translation>Was das Modell sah</translation>
        </message>
        <message>
            <source>Models</source>
            <translation>Modelle</translation>
        </message>
        <message>
            <source>Machine</source>
            <translation>Rechner</translation>
        </message>
        <message>
            <source>Series</source>
            <translation>Serien</translation>
        </message>
        <message>
            <source>DICOM tags</source>
            <translation>DICOM-Tags</translation>
        </message>
        <message>
            <source>Question and findings</source>
            <translation>Frage und Befunde</translation>
        </message>
    </context>
    <context>
        <name>ModelInputView</name>
        <message>
            <source>Image</source>
            <translation>Bild</translation>
        </message>
        <message>
            <source>Which of the images that go along with the question</source>
            <translation>Welches der Bilder, die mit der Frage mitgehen</translation>
        </message>
        <message>
            <source>Token &amp;grid</source>
            <translation>Token-&amp;Raster</translation>
        </message>
        <message>
            <source>Each field is one token: the smallest part that the model tells apart</source>
            <translation>Jedes Feld ist ein Token: der kleinste Teil, den das Modell unterscheidet</translation>
        </message>
        <message>
            <source>&amp;Look</source>
            <translation>&amp;Ansehen</translation>
        </message>
        <message>
            <source>Prepare the images on screen as for a question and show the result</source>
            <translation>Die Bilder auf dem Schirm wie für eine Frage vorbereiten und das Ergebnis zeigen</translation>
        </message>
        <message>
            <source>Sizes</source>
            <translation>Größen</translation>
        </message>
        <message>
            <source>Preparing the image…</source>
            <translation>Das Bild wird vorbereitet…</translation>
        </message>
        <message>
            <source>Image {0} x {1} pixels, seen by the model as {2} x {3}.</source>
            <translation>Bild {0} x {1} Pixel, vom Modell gesehen als {2} x {3}.</translation>
        </message>
        <message>
            <source>{0} columns x {1} rows = {2} tokens; each covers {3:.1f} x {4:.1f} pixels of the image.</source>
            <translation>{0} Spalten x {1} Zeilen = {2} Token; jedes deckt {3:.1f} x {4:.1f} Pixel des Bildes ab.</translation>
        </message>
        <message>
            <source>Before that: {0}.</source>
            <translation>Davor: {0}.</translation>
        </message>
    </context>
    <context>
        <name>ModelsPanel</name>
        <message>
            <source>In use</source>
            <translation>In Gebrauch</translation>
        </message>
        <message>
            <source>Name</source>
            <translation>Name</translation>
        </message>
        <message>
            <source>Model</source>
            <translation>Modell</translation>
        </message>
        <message>
            <source>Method</source>
            <translation>Verfahren</translation>
        </message>
        <message>
            <source>Bits per weight</source>
            <translation>Bit pro Gewicht</translation>
        </message>
        <message>
            <source>Size</source>
            <translation>Größe</translation>
        </message>
        <message>
            <source>Will it fit?</source>
            <translation>Passt es?</translation>
        </message>
        <message>
            <source>Why</source>
            <translation>Warum</translation>
        </message>
        <message>
            <source>Installed models</source>
            <translation>Installierte Modelle</translation>
        </message>
        <message>
            <source>Largest image for the memory prediction</source>
            <translation>Größtes Bild für die Vorhersage des Speichers</translation>
        </message>
        <message>
            <source>Memory is predicted for an image of this area</source>
            <translation>Der Speicher wird für ein Bild dieser Fläche vorhergesagt</translation>
        </message>
        <message>
            <source>the model's largest image</source>
            <translation>das größte Bild des Modells</translation>
        </message>
        <message>
            <source>{0} x {0} pixels</source>
            <translation>{0} x {0} Pixel</translation>
        </message>
        <message>
            <source>&amp;Use</source>
            <translation>&amp;Verwenden</translation>
        </message>
        <message>
            <source>Answer questions with this model from now on</source>
            <translation>Fragen von nun an mit diesem Modell beantworten</translation>
        </message>
        <message>
            <source>Use any&amp;way</source>
            <translation>T&amp;rotzdem verwenden</translation>
        </message>
        <message>
            <source>Use this model although memory is predicted to run out</source>
            <translation>Dieses Modell verwenden, obwohl der Speicher voraussichtlich nicht reicht</translation>
        </message>
        <message>
            <source>&amp;Import...</source>
            <translation>&amp;Importieren...</translation>
        </message>
        <message>
            <source>Copy a model from a folder or a USB stick and check every byte</source>
            <translation>Ein Modell aus einem Ordner oder von einem USB-Stick kopieren und jedes Byte prüfen</translation>
        </message>
        <message>
            <source>&amp;Verify</source>
            <translation>&amp;Prüfen</translation>
        </message>
        <message>
            <source>Read every byte of this model and compare it with its manifest</source>
            <translation>Jedes Byte dieses Modells lesen und mit seinem Manifest vergleichen</translation>
        </message>
        <message>
            <source>E&amp;xport to 4 bit...</source>
            <translation>In 4 Bit e&amp;xportieren...</translation>
        </message>
        <message>
            <source>Quantize a full-precision model in the background</source>
            <translation>Ein Modell in voller Genauigkeit im Hintergrund quantisieren</translation>
        </message>
        <message>
            <source>&amp;Refresh</source>
            <translation>&amp;Aktualisieren</translation>
        </message>
        <message>
            <source>Look again at models and free memory</source>
            <translation>Modelle und freien Speicher neu ansehen</translation>
        </message>
        <message>
            <source>The selected model</source>
            <translation>Das ausgewählte Modell</translation>
        </message>
        <message>
            <source>Predict memory for</source>
            <translation>Speicher vorhersagen für</translation>
        </message>
        <message>
            <source>yes</source>
            <translation>ja</translation>
        </message>
        <message>
            <source>yes, with less</source>
            <translation>ja, mit Abstrichen</translation>
        </message>
        <message>
            <source>NO, too large</source>
            <translation>NEIN, zu groß</translation>
        </message>
        <message>
            <source>NO backend</source>
            <translation>KEIN Backend</translation>
        </message>
        <message>
            <source>BROKEN</source>
            <translation>DEFEKT</translation>
        </message>
        <message>
            <source>No model is selected.</source>
            <translation>Kein Modell ist ausgewählt.</translation>
        </message>
        <message>
            <source>Folder of an artifact or a checkpoint</source>
            <translation>Ordner eines Artefakts oder eines Checkpoints</translation>
        </message>
        <message>
            <source>Import a model</source>
            <translation>Ein Modell importieren</translation>
        </message>
        <message>
            <source>Install it under the name</source>
            <translation>Unter diesem Namen installieren</translation>
        </message>
        <message>
            <source>copying and checking</source>
            <translation>wird kopiert und geprüft</translation>
        </message>
        <message>
            <source>Importing {0}</source>
            <translation>{0} wird importiert</translation>
        </message>
        <message>
            <source>{0} is installed; every file's SHA-256 is right.</source>
            <translation>{0} ist installiert; der SHA-256 jeder Datei stimmt.</translation>
        </message>
        <message>
            <source>reading every byte</source>
            <translation>jedes Byte wird gelesen</translation>
        </message>
        <message>
            <source>{0}: every file is as its manifest says.</source>
            <translation>{0}: jede Datei ist, wie ihr Manifest sagt.</translation>
        </message>
        <message>
            <source>Verifying {0}</source>
            <translation>{0} wird geprüft</translation>
        </message>
    </context>
    <context>
        <name>Notice</name>
        <message>
            <source>Research use only. Not for diagnosis.</source>
            <translation>Nur für die Forschung. Nicht zur Diagnose.</translation>
        </message>
    </context>
    <context>
        <name>Opening</name>
        <message>
            <source>{0} of {1} files</source>
            <translation>{0} von {1} Dateien</translation>
        </message>
        <message>
            <source>Opening</source>
            <translation>Öffnet</translation>
        </message>
        <message>
            <source>Open images</source>
            <translation>Bilder öffnen</translation>
        </message>
        <message>
            <source>Open a folder</source>
            <translation>Einen Ordner öffnen</translation>
        </message>
        <message>
            <source>&amp;Forget these</source>
            <translation>Diese &amp;vergessen</translation>
        </message>
        <message>
            <source>There is no image in what you opened.</source>
            <translation>In dem, was Sie geöffnet haben, ist kein Bild.</translation>
        </message>
    </context>
    <context>
        <name>PairChooser</name>
        <message>
            <source>Folder of an artifact or a checkpoint</source>
            <translation>Ordner eines Artefakts oder eines Checkpoints</translation>
        </message>
        <message>
            <source>Reading the folder</source>
            <translation>Ordner wird gelesen</translation>
        </message>
    </context>
    <context>
        <name>PhaseBar</name>
        <message>
            <source>Phases of the answer</source>
            <translation>Phasen der Antwort</translation>
        </message>
        <message>
            <source>Load</source>
            <translation>Laden</translation>
        </message>
        <message>
            <source>Image</source>
            <translation>Bild</translation>
        </message>
        <message>
            <source>Vision</source>
            <translation>Sehen</translation>
        </message>
        <message>
            <source>Prefill</source>
            <translation>Lesen</translation>
        </message>
        <message>
            <source>Decode</source>
            <translation>Schreiben</translation>
        </message>
        <message>
            <source>Loading the model, unless it is loaded</source>
            <translation>Das Modell laden, falls es nicht geladen ist</translation>
        </message>
        <message>
            <source>Reading the image and preparing it for the model</source>
            <translation>Das Bild lesen und für das Modell vorbereiten</translation>
        </message>
        <message>
            <source>Encoding the image; nothing to do for an image that was encoded before</source>
            <translation>Das Bild codieren; nichts zu tun für ein Bild, das schon codiert ist</translation>
        </message>
        <message>
            <source>Reading the prompt, up to the first token of the answer</source>
            <translation>Die Eingabe lesen, bis zum ersten Token der Antwort</translation>
        </message>
        <message>
            <source>Writing the answer, token by token</source>
            <translation>Die Antwort schreiben, Token für Token</translation>
        </message>
    </context>
    <context>
        <name>Preset</name>
        <message>
            <source>Question</source>
            <translation>Frage</translation>
        </message>
        <message>
            <source>Report</source>
            <translation>Befundtext</translation>
        </message>
        <message>
            <source>Localize all</source>
            <translation>Alles lokalisieren</translation>
        </message>
        <message>
            <source>Ground this structure</source>
            <translation>Diese Struktur finden</translation>
        </message>
        <message>
            <source>Classify</source>
            <translation>Einordnen</translation>
        </message>
        <message>
            <source>Summarize a report</source>
            <translation>Einen Befund zusammenfassen</translation>
        </message>
    </context>
    <context>
        <name>PromptBox</name>
        <message>
            <source>Task</source>
            <translation>Aufgabe</translation>
        </message>
        <message>
            <source>Start from a task's prompt</source>
            <translation>Mit der Vorlage einer Aufgabe beginnen</translation>
        </message>
        <message>
            <source>Task…</source>
            <translation>Aufgabe…</translation>
        </message>
        <message>
            <source>&amp;Ask</source>
            <translation>&amp;Fragen</translation>
        </message>
        <message>
            <source>Ask the question (Ctrl+Enter)</source>
            <translation>Die Frage stellen (Strg+Eingabe)</translation>
        </message>
        <message>
            <source>&amp;Stop</source>
            <translation>&amp;Anhalten</translation>
        </message>
        <message>
            <source>Stop the answer and the computing behind it (Esc)</source>
            <translation>Die Antwort und das Rechnen dahinter anhalten (Esc)</translation>
        </message>
    </context>
    <context>
        <name>PromptEdit</name>
        <message>
            <source>Question</source>
            <translation>Frage</translation>
        </message>
        <message>
            <source>The question; Ctrl+Enter asks it</source>
            <translation>Die Frage; Strg+Eingabe stellt sie</translation>
        </message>
        <message>
            <source>Ask about the image (Ctrl+Enter)</source>
            <translation>Fragen Sie zum Bild (Strg+Eingabe)</translation>
        </message>
    </context>
    <context>
        <name>ResultsView</name>
        <message>
            <source>Difference of the answers</source>
            <translation>Unterschied der Antworten</translation>
        </message>
        <message>
            <source>Struck out: only in the first answer. Bold and underlined: only in the second.</source>
            <translation>Durchgestrichen: nur in der ersten Antwort. Fett und unterstrichen: nur in der zweiten.</translation>
        </message>
        <message>
            <source>Figure</source>
            <translation>Kennzahl</translation>
        </message>
        <message>
            <source>First</source>
            <translation>Erste</translation>
        </message>
        <message>
            <source>Second</source>
            <translation>Zweite</translation>
        </message>
        <message>
            <source>Difference</source>
            <translation>Unterschied</translation>
        </message>
        <message>
            <source>Costs and agreement</source>
            <translation>Kosten und Übereinstimmung</translation>
        </message>
        <message>
            <source>Boxes</source>
            <translation>Rahmen</translation>
        </message>
        <message>
            <source>Words</source>
            <translation>Wörter</translation>
        </message>
        <message>
            <source>Boxes: {0} matched (IoU 0.9 or more), {1} moved, {2} lost, {3} new</source>
            <translation>Rahmen: {0} übereinstimmend (IoU 0,9 oder mehr), {1} verschoben, {2} verloren, {3} neu</translation>
        </message>
        <message>
            <source>Words: &lt;s&gt;only the first&lt;/s&gt;, &lt;u&gt;&lt;b&gt;only the second&lt;/b&gt;&lt;/u&gt;</source>
            <translation>Wörter: &lt;s&gt;nur die erste&lt;/s&gt;, &lt;u&gt;&lt;b&gt;nur die zweite&lt;/b&gt;&lt;/u&gt;</translation>
        </message>
    </context>
    <context>
        <name>SeriesList</name>
        <message>
            <source>Open series</source>
            <translation>Geöffnete Serien</translation>
        </message>
        <message>
            <source>The series that are open; choose one to look at it</source>
            <translation>Die geöffneten Serien; wählen Sie eine, um sie anzusehen</translation>
        </message>
        <message numerus="yes">
            <source>%n image(s)</source>
            <translation>
                <numerusform>%n Bild</numerusform>
                <numerusform>%n Bilder</numerusform>
            </translation>
        </message>
    </context>
    <context>
        <name>SeriesView</name>
        <message>
            <source>Reading the image…</source>
            <translation>Das Bild wird gelesen…</translation>
        </message>
        <message>
            <source>Place in the series</source>
            <translation>Stelle in der Serie</translation>
        </message>
        <message>
            <source>Scroll through the series</source>
            <translation>Durch die Serie blättern</translation>
        </message>
        <message>
            <source>This image cannot be read; try another one.</source>
            <translation>Dieses Bild ist nicht lesbar; versuchen Sie ein anderes.</translation>
        </message>
        <message>
            <source>{0} of {1}</source>
            <translation>{0} von {1}</translation>
        </message>
    </context>
    <context>
        <name>SettingsDialog</name>
        <message>
            <source>Settings</source>
            <translation>Einstellungen</translation>
        </message>
        <message>
            <source>Theme</source>
            <translation>Farben</translation>
        </message>
        <message>
            <source>Light, dark, or as the system has it</source>
            <translation>Hell, dunkel, oder wie das System</translation>
        </message>
        <message>
            <source>As the system</source>
            <translation>Wie das System</translation>
        </message>
        <message>
            <source>Light</source>
            <translation>Hell</translation>
        </message>
        <message>
            <source>Dark</source>
            <translation>Dunkel</translation>
        </message>
        <message>
            <source>Language</source>
            <translation>Sprache</translation>
        </message>
        <message>
            <source>Used from the next start on</source>
            <translation>Gilt vom nächsten Start an</translation>
        </message>
        <message>
            <source>&amp;Encode an image when it is shown</source>
            <translation>Ein Bild &amp;codieren, wenn es gezeigt wird</translation>
        </message>
        <message>
            <source>The first answer begins sooner; it costs computing time for images that you only look at</source>
            <translation>Die erste Antwort beginnt früher; das kostet Rechenzeit für Bilder, die Sie nur ansehen</translation>
        </message>
        <message>
            <source>&amp;Keep answers</source>
            <translation>Antworten &amp;behalten</translation>
        </message>
        <message>
            <source>Answers and boxes come back when the image is opened again; they are kept on this machine only</source>
            <translation>Antworten und Rahmen kommen wieder, wenn das Bild erneut geöffnet wird; sie bleiben nur auf diesem Rechner</translation>
        </message>
        <message>
            <source>Let this program use the &amp;network</source>
            <translation>Dieses Programm das &amp;Netz verwenden lassen</translation>
        </message>
        <message>
            <source>It needs none. Attempts are refused and counted unless this is on</source>
            <translation>Es braucht keines. Versuche werden abgewiesen und gezählt, solange dies aus ist</translation>
        </message>
        <message>
            <source>&amp;Forget all kept answers...</source>
            <translation>Alle behaltenen Antworten &amp;vergessen...</translation>
        </message>
        <message>
            <source>Removes answers, boxes and paths from the database for good</source>
            <translation>Entfernt Antworten, Rahmen und Pfade endgültig aus der Datenbank</translation>
        </message>
        <message>
            <source>Forget all kept answers</source>
            <translation>Alle behaltenen Antworten vergessen</translation>
        </message>
        <message>
            <source>&amp;Theme</source>
            <translation>&amp;Farben</translation>
        </message>
        <message>
            <source>&amp;Language (from the next start on)</source>
            <translation>&amp;Sprache (vom nächsten Start an)</translation>
        </message>
        <message>
            <source>Remove every kept answer from this machine? This cannot be undone.</source>
            <translation>Alle behaltenen Antworten von diesem Rechner entfernen? Das lässt sich nicht rückgängig machen.</translation>
        </message>
        <message>
            <source>Forget</source>
            <translation>Vergessen</translation>
        </message>
    </context>
    <context>
        <name>ShortcutSheet</name>
        <message>
            <source>Keyboard and mouse</source>
            <translation>Tasten und Maus</translation>
        </message>
        <message>
            <source>On the image</source>
            <translation>Auf dem Bild</translation>
        </message>
    </context>
    <context>
        <name>SideChooser</name>
        <message>
            <source>{0} model</source>
            <translation>Modell: {0}</translation>
        </message>
        <message>
            <source>The model on this side</source>
            <translation>Das Modell auf dieser Seite</translation>
        </message>
        <message>
            <source>{0} backend</source>
            <translation>Backend: {0}</translation>
        </message>
        <message>
            <source>The backend that computes this side</source>
            <translation>Das Backend, das diese Seite rechnet</translation>
        </message>
        <message>
            <source>Folder...</source>
            <translation>Ordner...</translation>
        </message>
        <message>
            <source>{0} model from a folder</source>
            <translation>{0}: Modell aus einem Ordner</translation>
        </message>
        <message>
            <source>Compare an artifact or a checkpoint that is not installed</source>
            <translation>Ein Artefakt oder einen Checkpoint vergleichen, der nicht installiert ist</translation>
        </message>
        <message>
            <source>{0}, made on first use</source>
            <translation>{0}, wird beim ersten Gebrauch erstellt</translation>
        </message>
        <message>
            <source>best backend</source>
            <translation>bestes Backend</translation>
        </message>
    </context>
    <context>
        <name>SideView</name>
        <message>
            <source>{0} image</source>
            <translation>Bild: {0}</translation>
        </message>
        <message>
            <source>{0} model</source>
            <translation>Modell: {0}</translation>
        </message>
        <message>
            <source>{0} answer</source>
            <translation>Antwort: {0}</translation>
        </message>
        <message>
            <source>The answer as it is written</source>
            <translation>Die Antwort, wie sie geschrieben wird</translation>
        </message>
        <message>
            <source>No answer yet</source>
            <translation>Noch keine Antwort</translation>
        </message>
    </context>
    <context>
        <name>TagBrowser</name>
        <message>
            <source>Search number, name or value</source>
            <translation>Nummer, Name oder Wert suchen</translation>
        </message>
        <message>
            <source>Search the tags</source>
            <translation>Die Tags durchsuchen</translation>
        </message>
        <message>
            <source>Shows the tags that contain every word</source>
            <translation>Zeigt die Tags, die jedes Wort enthalten</translation>
        </message>
        <message>
            <source>Tags of the file</source>
            <translation>Tags der Datei</translation>
        </message>
        <message>
            <source>Tag</source>
            <translation>Tag</translation>
        </message>
        <message>
            <source>Name</source>
            <translation>Name</translation>
        </message>
        <message>
            <source>Type</source>
            <translation>Typ</translation>
        </message>
        <message>
            <source>Value</source>
            <translation>Wert</translation>
        </message>
        <message>
            <source>No file is open.</source>
            <translation>Keine Datei ist geöffnet.</translation>
        </message>
        <message>
            <source>Reading...</source>
            <translation>Wird gelesen...</translation>
        </message>
        <message>
            <source>{0} of {1} tags</source>
            <translation>{0} von {1} Tags</translation>
        </message>
    </context>
    <context>
        <name>TokenGridPicture</name>
        <message>
            <source>The image as the model sees it</source>
            <translation>Das Bild, wie das Modell es sieht</translation>
        </message>
        <message>
            <source>Nothing to show yet</source>
            <translation>Noch nichts zu zeigen</translation>
        </message>
    </context>
    <context>
        <name>ViewerStatusBar</name>
        <message>
            <source>Pixel under the pointer</source>
            <translation>Pixel unter dem Mauszeiger</translation>
        </message>
        <message>
            <source>Model and backend</source>
            <translation>Modell und Backend</translation>
        </message>
        <message>
            <source>Network</source>
            <translation>Netz</translation>
        </message>
        <message>
            <source>Purpose</source>
            <translation>Zweck</translation>
        </message>
        <message>
            <source>no model loaded</source>
            <translation>kein Modell geladen</translation>
        </message>
        <message>
            <source>Model: {0}</source>
            <translation>Modell: {0}</translation>
        </message>
        <message numerus="yes">
            <source>%n attempt(s)</source>
            <translation>
                <numerusform>%n Versuch</numerusform>
                <numerusform>%n Versuche</numerusform>
            </translation>
        </message>
        <message>
            <source>Network: blocked ({0})</source>
            <translation>Netz: gesperrt ({0})</translation>
        </message>
        <message>
            <source>No part of this program can reach the network; attempts are refused and counted.</source>
            <translation>Kein Teil dieses Programms erreicht das Netz; Versuche werden abgewiesen und gezählt.</translation>
        </message>
        <message>
            <source>Network: ALLOWED</source>
            <translation>Netz: ERLAUBT</translation>
        </message>
        <message>
            <source>The settings let this program use the network. It has no need to.</source>
            <translation>Die Einstellungen lassen dieses Programm das Netz verwenden. Es braucht es nicht.</translation>
        </message>
    </context>
    <context>
        <name>WindowCommands</name>
        <message>
            <source>Open &amp;recent</source>
            <translation>&amp;Zuletzt geöffnet</translation>
        </message>
        <message numerus="yes">
            <source> (and %n more)</source>
            <translation>
                <numerusform> (und %n weiterer)</numerusform>
                <numerusform> (und %n weitere)</numerusform>
            </translation>
        </message>
        <message>
            <source>About MedMO Edge</source>
            <translation>Über MedMO Edge</translation>
        </message>
        <message>
            <source>Medical vision-language models in 4 bits, on this machine alone.</source>
            <translation>Medizinische Bild-Sprach-Modelle in 4 Bit, allein auf diesem Rechner.</translation>
        </message>
    </context>
    <context>
        <name>Windows</name>
        <message>
            <source>lung</source>
            <translation>Lunge</translation>
        </message>
        <message>
            <source>soft tissue</source>
            <translation>Weichteile</translation>
        </message>
        <message>
            <source>liver</source>
            <translation>Leber</translation>
        </message>
        <message>
            <source>bone</source>
            <translation>Knochen</translation>
        </message>
        <message>
            <source>brain</source>
            <translation>Gehirn</translation>
        </message>
        <message>
            <source>automatic</source>
            <translation>automatisch</translation>
        </message>
        <message>
            <source>as stored</source>
            <translation>wie gespeichert</translation>
        </message>
        <message>
            <source>full range</source>
            <translation>voller Bereich</translation>
        </message>
    </context>
    <context>
        <name>_BoxTable</name>
        <message>
            <source>Findings</source>
            <translation>Befunde</translation>
        </message>
        <message>
            <source>Space shows or hides a box, F2 renames it, Delete deletes it</source>
            <translation>Leertaste zeigt oder verbirgt einen Rahmen, F2 benennt ihn um, Entf löscht ihn</translation>
        </message>
    </context>
</TS>
