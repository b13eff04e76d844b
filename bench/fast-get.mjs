// ssh2's own way to fetch a file, for comparison: prints how long it took.
import ssh2 from 'ssh2';

const { address, file, target } = JSON.parse(process.argv[2]);
const { host, port, username, privateKey } = address;
const client = new ssh2.Client();
client.on('ready', () => {
  const start = process.hrtime.bigint();
  client.sftp((failure, sftp) => {
    if (failure) throw failure;
    sftp.fastGet(file.path, target, (error) => {
      if (error) throw error;
      console.log(JSON.stringify({ seconds: Number(process.hrtime.bigint() - start) / 1e9 }));
      process.exit(0);
    });
  });
});
client.connect({ host, port, username, privateKey });
