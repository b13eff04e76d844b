import type { Conversion } from '../../builds/request.ts';

/** As the request has them, whose own list would bring its schemas along. */
export const conversions = ['raw', 'qcow2', 'vmdk', 'vdi', 'vhdx'] as const satisfies Conversion[];
