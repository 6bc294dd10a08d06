/* Files that are dropped on the page, pasted, or chosen. */

/* `take(files)` gets the files, `refuse()` is called when something else was dropped. */
export function listenToFiles(whole, chooser, take, refuse) {
  chooser.addEventListener("change", () => {
    take([...chooser.files]);
    chooser.value = ""; // so that the same file can be chosen again
  });
  listenToDragging(whole);
  document.addEventListener("drop", (event) => {
    if (event.defaultPrevented) return; // it was dropped where files are wanted for something else
    event.preventDefault();
    const files = [...event.dataTransfer.files];
    if (files.length) take(files);
    else refuse();
  });
  document.addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files];
    if (files.length) take(files);
  });
}

/* Show that a file can be dropped here. */
function listenToDragging(whole) {
  let depth = 0; // elements that were entered and not left
  const show = (on) => {
    if (!on) depth = 0;
    whole.classList.toggle("dropping", on);
  };
  document.addEventListener("dragenter", (event) => {
    event.preventDefault();
    depth += 1;
    show(true);
  });
  document.addEventListener("dragleave", () => {
    depth -= 1;
    if (depth <= 0) show(false);
  });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", () => show(false));
}
