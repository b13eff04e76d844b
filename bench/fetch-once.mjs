// What the orchestrator does to bring one file home, as it is compiled, in a process of its own: prints how long it
// took and the most memory the process had.
import { fetchFile } from '../dist/transport/fetch/fetch-file.js';
import { SshTransport } from '../dist/transport/ssh-transport.js';

const { address, file, target } = JSON.parse(process.argv[2]);
const ssh = await SshTransport.connect(address);
const start = process.hrtime.bigint();
await fetchFile(ssh, file, target);
const seconds = Number(process.hrtime.bigint() - start) / 1e9;
const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
console.log(JSON.stringify({ seconds, rss: maxRSS * 1024, cpu: (userCPUTime + systemCPUTime) / 1e6 }));
process.exit(0);
