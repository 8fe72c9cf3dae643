<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en" sourcelanguage="en">
    <context>
        <name>AnswerNotes</name>
        <message>
            <source>You stopped this answer; it is not part of the conversation.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The answer reached its limit of {0} tokens and ends there.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>To fit the memory, {0}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{method} on {backend}/{device}: {reason}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{0} tokens</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{0:.1f} tokens/s</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{0} of {1} prompt tokens reused</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The answer ends in the middle of a box: the last one is missing.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Something that looks like a box could not be read and was left out.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The model repeated itself; repeats were left out.</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>AnswerView</name>
        <message>
            <source>Answer</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Point at an underlined phrase to see its boxes; click it to select one</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The answer appears here.</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>AskPanel</name>
        <message>
            <source>&amp;Retry</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;New conversation</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Questions about this image</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>What was asked about this image; choose one to see its answer and boxes</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Forget what was said about this image; boxes that you drew stay</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Ask the same question again; the model is loaded again if need be</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>State</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Notes about the answer</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Conversation about this image</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Answering… {0} tokens, {1:.1f} tokens/s</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Loading the model…</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Encoding the image ahead of the question…</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Answering…</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Stopping…</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The question is answered once the image is encoded…</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>BoxInteraction</name>
        <message>
            <source>Delete box</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Move box</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Draw box</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>BoxTable</name>
        <message>
            <source>Change</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Label</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>IoU</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Corner shift</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>First</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Second</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Boxes of both answers</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>matched</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>moved</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>lost</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>new</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{0:.1f} px</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>corners in the wrong order, put right</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>reached out of the image, cut at its edge</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>too large for the model's grid: probably another unit, drawn as written</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>written as shares from 0 to 1</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>user</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>model, corrected</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>model</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Show</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Whether the box is drawn</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Double-click or F2 to rename</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Pixels</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>x1, y1 - x2, y2 in pixels of the image as shown</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Model wrote</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>x1, y1 - x2, y2 as the model wrote them, in its own unit</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Token probability</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>token probability, not disease probability</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Origin</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The model, the user, or the model corrected by the user</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Marks</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>What was unusual about the numbers</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>not disease probability</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>shown</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>hidden</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Show a box</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Hide a box</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Rename a box</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>(no label)</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The model called it {0}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The model put it at {0}</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>Canvas</name>
        <message>
            <source>{0} (yours)</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{0} (corrected)</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Inverted</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Zoom {0} %</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>W/L: full range</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Line from {0}, {1} to {2}, {3}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Box at {0}, {1}, {2} by {3} pixels.</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>CineBar</name>
        <message>
            <source>Play the series</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Frames per second</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>How many frames are shown in a second</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Frames per second</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Pause the series</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>Commands</name>
        <message>
            <source>File</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Edit</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>View</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Image</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Question</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Panels</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Help</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Open files...</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Open images: DICOM, PNG, JPEG, TIFF, NIfTI.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Open &amp;folder...</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Open a folder and sort its images into series.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Open a &amp;sample image</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Open a generated picture that the embedded model knows.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Export annotated &amp;PNG...</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Save the image with its boxes as a picture.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Export &amp;JSON...</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Save answer and boxes as JSON.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Export &amp;COCO...</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Save the boxes as a COCO data set.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Export DICOM S&amp;R...</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Save the boxes as a DICOM structured report.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Export DICOM &amp;view...</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Save view and boxes as a DICOM grayscale presentation state.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Export DICOM SR, &amp;de-identified...</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The same with another patient, no dates and new UIDs.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Save &amp;case file...</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Save what is needed to answer again and compare.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Close image</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Take the series off the list.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Quit</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>End the program.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Undo</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Take back the last change of a box.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Redo</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Make the last change of a box again.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Delete box</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Delete the selected box.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Next box</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Select the next box.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Previous box</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Select the previous box.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Settings...</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Theme, network, and what happens when an image opens.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Fit to window</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Show the whole image.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Zoom &amp;in</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Magnify.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Zoom &amp;out</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Shrink.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>One image pixel per &amp;screen pixel</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Show pixels as they are.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Hide all boxes</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Hide or show every box.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Corner text</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Show or hide the text in the corners.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;What the model saw...</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Show the exact image that the model was given.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>F&amp;ull screen</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Use the whole screen.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Invert grey values</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Swap black and white.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Flip &amp;horizontally</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Swap left and right.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Flip &amp;vertically</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Swap top and bottom.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Rotate right</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Turn by 90 degrees, clockwise.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Rotate &amp;left</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Turn by 90 degrees, anticlockwise.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>R&amp;eset view</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Undo window, zoom, flips and turns.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Window: the file's &amp;own</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Show grey values as the file says.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Window preset 1</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Use the first window preset.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Window preset 2</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Use the second window preset.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Window preset 3</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Use the third window preset.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Window preset 4</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Use the fourth window preset.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Window preset 5</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Use the fifth window preset.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Tool: &amp;select, window and level</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Drag changes boxes, or the window.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Tool: &amp;pan</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Drag moves the image.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Tool: &amp;zoom</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Drag zooms.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Tool: &amp;length</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Drag measures a length.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Tool: draw a &amp;box</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Drag adds a box of your own.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Draw a box by &amp;keys</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Begin a box in the middle of what is seen.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Measure by keys</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Begin a length in the middle of what is seen.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Next frame</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Go one image on in the series.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Previous frame</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Go one image back in the series.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>First frame</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Go to the first image of the series.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Last frame</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Go to the last image of the series.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Play or stop the &amp;cine</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Run through the series.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Next series</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Show the next series of the list.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Previous series</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Show the previous series of the list.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Type a question</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Put the cursor into the question.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Ask</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Send the question.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Stop</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Stop the answer at the next token.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Image</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Back to the image.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Compare two models</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Ask two models and compare.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Models</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>What is installed, and will it fit.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>M&amp;achine</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>What this machine is.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>DICOM &amp;tags</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Every data element of the file.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Series list</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The images that are open.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Question and findings</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Ask, and see the answer.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Keyboard shortcuts</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>All keys on one sheet.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;First steps</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The page that you saw at the first start.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;About</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Version, licence and purpose.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Left button, drag</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The tool that is chosen; a selected box is moved or resized</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Middle button, drag</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Move the image</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Right button, drag</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Zoom</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Double click</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Fit to window</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Wheel</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Scroll through the series</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Ctrl and wheel</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Zoom at the pointer</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Enter</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>With the tool for boxes or lengths: begin one in the middle of what is seen; then keep it</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Arrow keys</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Move the selected box, or the one being drawn; without a box, up and down scroll</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Shift and arrow keys</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Resize it: its right and lower edge, or the end of a length</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Ctrl or Alt with arrow keys</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The same by one pixel of the image</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Del</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Delete the selected box, or the last measured line</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Esc</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Select nothing, or give up what was begun</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>ComparePanel</name>
        <message>
            <source>First</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Second</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Question for both models</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The question that both models are asked</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Compare</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Ask both models, one after the other</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Compare</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Link pan, zoom and window</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Both pictures show the same place in the same way</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Measure &amp;noise</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Ask the first model again about the picture one grey level brighter: how far do its own boxes move?</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Question</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Comparing</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>preparing the image</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>making the 4-bit copy of the built-in model, once</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>testing the backend on this machine, once</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>loading the model</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>encoding the image</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>reading the question</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>writing the answer</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>measuring the noise</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>first</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>second</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>lost</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>new</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>DrawnCanvas</name>
        <message>
            <source>Image</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>No image</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{0} by {1} pixels</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Selected box: {0} at {1}</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>ExportDialog</name>
        <message>
            <source>Export to 4 bit</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Model</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The full-precision model to quantize</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Format</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>How the 4-bit weights are made</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>ONNX, calibrated (GPTQ weights)</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>ONNX, rounded to nearest (fast)</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>GPTQ</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>bitsandbytes nf4</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>bitsandbytes fp4</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Name</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Install the result under this name</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Calibration samples</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Generated phantoms that GPTQ calibrates on</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Device</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Where to quantize</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>What is missing</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Start</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Start the export</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Quantize in the background</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Close</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Close</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Close; a running export goes on</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>There is no model to quantize; import a full-precision one first.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A GPTQ model can only be repacked to ONNX, without another rounding.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Exporting {0}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{0} is installed: {1:.2f} bits per weight, {2}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Against its source: mean KLD {0:.4f}, same most probable token {1:.1%}.</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>Exporting</name>
        <message>
            <source>There is nothing to export yet: ask about the image, or draw a box on it.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Export</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Exporting</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Saved {0}.</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>FastCopy</name>
        <message>
            <source>Making the 4-bit copy of the built-in model, once</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The 4-bit copy of the built-in model is made and answers from now on.</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>FindingList</name>
        <message>
            <source>Number of boxes</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Hide all boxes on the image, or show them again</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Delete</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Delete a box</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Rename</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Hide</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Show</source>
            <translation type="unfinished" />
        </message>
        <message numerus="yes">
            <source>%n box(es)</source>
            <translation>
                <numerusform>%n box</numerusform>
                <numerusform>%n boxes</numerusform>
            </translation>
        </message>
        <message>
            <source>{0}, {1}</source>
            <translation type="unfinished" />
        </message>
        <message numerus="yes">
            <source>%n hidden</source>
            <translation>
                <numerusform>%n hidden</numerusform>
                <numerusform>%n hidden</numerusform>
            </translation>
        </message>
        <message>
            <source>Hide all boxes</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Boxes are hidden: show them</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>FirstRunPage</name>
        <message>
            <source>Ask a medical vision-language model about an image, and see its boxes. Everything runs on this machine: the network is blocked, and nothing is sent anywhere.

A very small model is built in. It knows only generated pictures, and shows how the program works. For real images, bring a MedMO checkpoint or an artifact made from one.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Try it: sample image, built-in model</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Opens a generated picture and asks for boxes</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Open images...</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>DICOM, PNG, JPEG, TIFF or NIfTI files</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Choose a &amp;model...</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Import a model, or see what fits</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>You can also drop files and folders anywhere on this window. F1 shows all keys.</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>ImageChips</name>
        <message>
            <source>Images that go along with the question</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Ask about the image on screen, or about text alone</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Send {0} along with the question</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>ImageCommands</name>
        <message>
            <source>Window: {0}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Delete box</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>Inference</name>
        <message>
            <source>No model is open; choose one in the list of models first.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>A fault in MedMO Edge itself ({0}) ended this; try again, and report it if it comes back.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The model's process {0} while encoding the image; the next question starts it again.</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>JobStrip</name>
        <message>
            <source>State of the work in the background</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Progress</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Cance&amp;l</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Stop what runs in the background</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Cancel the work in the background</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Failed: {0}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{0}: cancelled.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{0}: cancelling...</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>KeyDrawing</name>
        <message>
            <source>Arrows move it, Shift and arrows resize it, Enter keeps it, Esc gives it up.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Given up; nothing was drawn.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Kept. {0}</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>MachinePanel</name>
        <message>
            <source>Part</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Fact</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Value</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Source</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Facts of this machine</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>No model is loaded yet; the first question chooses a backend.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The chosen backend and why</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Candidate</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Needs</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Missing</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Measured</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Remarks</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Backends that were considered</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Refresh</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Ask the machine again; takes up to a second</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Refresh</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source> To fit, {0}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{0} ({1}): {2}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>not measured</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{0:.0f} tokens/s</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>can run</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>MainWindow</name>
        <message>
            <source>Workplaces</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Image</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Compare</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>What the model saw</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Models</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Machine</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Series</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>DICOM tags</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Question and findings</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>ModelInputView</name>
        <message>
            <source>Image</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Which of the images that go along with the question</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Token &amp;grid</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Each field is one token: the smallest part that the model tells apart</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Look</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Prepare the images on screen as for a question and show the result</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Sizes</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Preparing the image…</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Image {0} x {1} pixels, seen by the model as {2} x {3}.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{0} columns x {1} rows = {2} tokens; each covers {3:.1f} x {4:.1f} pixels of the image.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Before that: {0}.</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>ModelsPanel</name>
        <message>
            <source>In use</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Name</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Model</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Method</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Bits per weight</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Size</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Will it fit?</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Why</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Installed models</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Largest image for the memory prediction</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Memory is predicted for an image of this area</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>the model's largest image</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{0} x {0} pixels</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Use</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Answer questions with this model from now on</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Use any&amp;way</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Use this model although memory is predicted to run out</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Import...</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Copy a model from a folder or a USB stick and check every byte</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Verify</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Read every byte of this model and compare it with its manifest</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>E&amp;xport to 4 bit...</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Quantize a full-precision model in the background</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Refresh</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Look again at models and free memory</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The selected model</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Predict memory for</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>yes</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>yes, with less</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>NO, too large</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>NO backend</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>BROKEN</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>No model is selected.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Folder of an artifact or a checkpoint</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Import a model</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Install it under the name</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>copying and checking</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Importing {0}</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{0} is installed; every file's SHA-256 is right.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>reading every byte</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{0}: every file is as its manifest says.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Verifying {0}</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>Notice</name>
        <message>
            <source>Research use only. Not for diagnosis.</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>Opening</name>
        <message>
            <source>{0} of {1} files</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Opening</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Open images</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Open a folder</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Forget these</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>There is no image in what you opened.</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>PairChooser</name>
        <message>
            <source>Folder of an artifact or a checkpoint</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Reading the folder</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>PhaseBar</name>
        <message>
            <source>Phases of the answer</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Load</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Image</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Vision</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Prefill</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Decode</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Loading the model, unless it is loaded</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Reading the image and preparing it for the model</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Encoding the image; nothing to do for an image that was encoded before</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Reading the prompt, up to the first token of the answer</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Writing the answer, token by token</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>Preset</name>
        <message>
            <source>Question</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Report</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Localize all</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Ground this structure</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Classify</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Summarize a report</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>PromptBox</name>
        <message>
            <source>Task</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Start from a task's prompt</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Task…</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Ask</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Ask the question (Ctrl+Enter)</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Stop</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Stop the answer and the computing behind it (Esc)</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>PromptEdit</name>
        <message>
            <source>Question</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The question; Ctrl+Enter asks it</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Ask about the image (Ctrl+Enter)</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>ResultsView</name>
        <message>
            <source>Difference of the answers</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Struck out: only in the first answer. Bold and underlined: only in the second.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Figure</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>First</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Second</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Difference</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Costs and agreement</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Boxes</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Words</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Boxes: {0} matched (IoU 0.9 or more), {1} moved, {2} lost, {3} new</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Words: &lt;s&gt;only the first&lt;/s&gt;, &lt;u&gt;&lt;b&gt;only the second&lt;/b&gt;&lt;/u&gt;</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>SeriesList</name>
        <message>
            <source>Open series</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The series that are open; choose one to look at it</source>
            <translation type="unfinished" />
        </message>
        <message numerus="yes">
            <source>%n image(s)</source>
            <translation>
                <numerusform>%n image</numerusform>
                <numerusform>%n images</numerusform>
            </translation>
        </message>
    </context>
    <context>
        <name>SeriesView</name>
        <message>
            <source>Reading the image…</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Place in the series</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Scroll through the series</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>This image cannot be read; try another one.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{0} of {1}</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>SettingsDialog</name>
        <message>
            <source>Settings</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Theme</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Light, dark, or as the system has it</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>As the system</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Light</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Dark</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Language</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Used from the next start on</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Encode an image when it is shown</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The first answer begins sooner; it costs computing time for images that you only look at</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Keep answers</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Answers and boxes come back when the image is opened again; they are kept on this machine only</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Let this program use the &amp;network</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>It needs none. Attempts are refused and counted unless this is on</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Forget all kept answers...</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Removes answers, boxes and paths from the database for good</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Forget all kept answers</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Theme</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>&amp;Language (from the next start on)</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Remove every kept answer from this machine? This cannot be undone.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Forget</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>ShortcutSheet</name>
        <message>
            <source>Keyboard and mouse</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>On the image</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>SideChooser</name>
        <message>
            <source>{0} model</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The model on this side</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{0} backend</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The backend that computes this side</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Folder...</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{0} model from a folder</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Compare an artifact or a checkpoint that is not installed</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{0}, made on first use</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>best backend</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>SideView</name>
        <message>
            <source>{0} image</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{0} model</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{0} answer</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The answer as it is written</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>No answer yet</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>TagBrowser</name>
        <message>
            <source>Search number, name or value</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Search the tags</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Shows the tags that contain every word</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Tags of the file</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Tag</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Name</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Type</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Value</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>No file is open.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Reading...</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>{0} of {1} tags</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>TokenGridPicture</name>
        <message>
            <source>The image as the model sees it</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Nothing to show yet</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>ViewerStatusBar</name>
        <message>
            <source>Pixel under the pointer</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Model and backend</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Network</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Purpose</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>no model loaded</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Model: {0}</source>
            <translation type="unfinished" />
        </message>
        <message numerus="yes">
            <source>%n attempt(s)</source>
            <translation>
                <numerusform>%n attempt</numerusform>
                <numerusform>%n attempts</numerusform>
            </translation>
        </message>
        <message>
            <source>Network: blocked ({0})</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>No part of this program can reach the network; attempts are refused and counted.</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Network: ALLOWED</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>The settings let this program use the network. It has no need to.</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>WindowCommands</name>
        <message>
            <source>Open &amp;recent</source>
            <translation type="unfinished" />
        </message>
        <message numerus="yes">
            <source> (and %n more)</source>
            <translation>
                <numerusform> (and %n more)</numerusform>
                <numerusform> (and %n more)</numerusform>
            </translation>
        </message>
        <message>
            <source>About MedMO Edge</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Medical vision-language models in 4 bits, on this machine alone.</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>Windows</name>
        <message>
            <source>lung</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>soft tissue</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>liver</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>bone</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>brain</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>automatic</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>as stored</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>full range</source>
            <translation type="unfinished" />
        </message>
    </context>
    <context>
        <name>_BoxTable</name>
        <message>
            <source>Findings</source>
            <translation type="unfinished" />
        </message>
        <message>
            <source>Space shows or hides a box, F2 renames it, Delete deletes it</source>
            <translation type="unfinished" />
        </message>
    </context>
</TS>
