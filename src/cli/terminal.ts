import { terminalSettings } from '../environment.ts';

/** Whether something can be drawn again in its place. */
export function isLive(out: NodeJS.WriteStream): boolean {
  return out.isTTY === true && !terminalSettings().dumb;
}

/** Whether colours are of use here, and nobody has asked to do without (https://no-color.org). */
export function wantsColours(out: NodeJS.WriteStream): boolean {
  return isLive(out) && !terminalSettings().noColour;
}
