export const firmwares = ['bios', 'uefi'] as const;
export type Firmware = (typeof firmwares)[number];
