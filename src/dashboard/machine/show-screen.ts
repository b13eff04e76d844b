import type RFB from '@novnc/novnc';
import { api } from '../api/api.ts';
import { keepConnected, type LineOptions, socketAddress } from './keep-connected.ts';

export interface ScreenOptions extends LineOptions {
  /** Where the screen is drawn. */
  place: HTMLElement;
  /** Called with every screen that is connected, and with its last picture when it no longer is. */
  onScreen: (screen: RFB | null, lastPicture: string | null) => void;
}

/** Shows the screen of a machine for as long as it runs. What draws it is loaded only here: it is larger than the page. */
export async function showScreen(options: ScreenOptions): Promise<void> {
  const { default: Screen } = await import('@novnc/novnc');
  const connect = (signal: AbortSignal, onConnected: () => void) =>
    new Promise<void>((resolve) => {
      const socket = open(api.bootScreenSocket(options.id));
      if (!socket) return resolve();
      const over = new AbortController();
      let screen: RFB | null = null;
      const end = () => {
        if (over.signal.aborted) return;
        over.abort();
        if (screen && !signal.aborted) options.onScreen(null, screen.toDataURL());
        resolve();
      };
      // Before the screen itself hears of it, and takes itself and the focus away.
      socket.addEventListener('close', end);
      const made = draw(new Screen(options.place, socket));
      made.addEventListener('disconnect', end);
      made.addEventListener('connect', () => {
        screen = made;
        onConnected();
        options.onScreen(made, null);
      });
      signal.addEventListener('abort', () => made.disconnect(), { once: true, signal: over.signal });
    });
  await keepConnected(connect, options);
}

function draw(screen: RFB): RFB {
  screen.scaleViewport = true;
  // Firmware and text consoles draw no pointer of their own.
  screen.showDotCursor = true;
  screen.background = 'transparent';
  return screen;
}

/** Nothing when the browser refuses at once, as some do by their content security policy. */
function open(path: string): WebSocket | undefined {
  try {
    return new WebSocket(socketAddress(path));
  } catch (error) {
    console.warn('There is no WebSocket', error);
    return undefined;
  }
}
