/**
 * Gives the stage the shape of the screen, whenever that changes: the drawing itself fills whatever place it has.
 * @returns how to stop that.
 */
export function fitStage(stage: HTMLElement, place: HTMLElement, label: string): () => void {
  const fit = () => {
    const canvas = place.querySelector('canvas');
    if (!canvas || canvas.width === 0) return;
    canvas.setAttribute('role', 'application');
    canvas.setAttribute('aria-label', label);
    stage.style.setProperty('--screen-width', String(canvas.width));
    stage.style.setProperty('--screen-height', String(canvas.height));
  };
  const observer = new MutationObserver(fit);
  observer.observe(place, { subtree: true, childList: true, attributeFilter: ['width', 'height'] });
  return () => observer.disconnect();
}
