/** As much of noVNC as we use: https://github.com/novnc/noVNC/blob/master/docs/API.md */
declare module '@novnc/novnc' {
  // biome-ignore lint/style/noDefaultExport: the package exports it so.
  export default class RFB {
    constructor(target: HTMLElement, channel: WebSocket);
    scaleViewport: boolean;
    showDotCursor: boolean;
    background: string;
    addEventListener(type: 'connect' | 'disconnect', listener: () => void): void;
    focus(options?: FocusOptions): void;
    sendCtrlAltDel(): void;
    /** The screen as it is, or was last, as the address of a PNG. */
    toDataURL(): string;
    disconnect(): void;
  }
}
