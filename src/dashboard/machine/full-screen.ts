/** Not in every browser, and nowhere without HTTPS but on this machine. */
interface KeyboardLock {
  keyboard?: { lock: (keys: readonly string[]) => Promise<void> };
}

/** Fills the screen with an element, or gives the screen back. @returns whether it is filled now. */
export async function toggleFullScreen(element: HTMLElement | null): Promise<boolean> {
  try {
    if (document.fullscreenElement) {
      await document.exitFullscreen();
      return false;
    }
    await element?.requestFullscreen();
    // Escape is needed inside, too; the browser says that it leaves when it is held.
    await (navigator as KeyboardLock).keyboard?.lock(['Escape']);
    return true;
  } catch (error) {
    console.warn('The browser shows nothing in full screen', error);
    return document.fullscreenElement !== null;
  }
}
