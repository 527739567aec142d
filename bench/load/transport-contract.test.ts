import { loadTransport } from './transport.ts';
import { testContract } from './transport-contract.test-suite.ts';
import { grpcContract, testGrpc } from './transport-contract-grpc.test-suite.ts';
import { httpContract, testHttp } from './transport-contract-http.test-suite.ts';

for (const name of ['http', 'http-undici'] as const) {
  const transport = await loadTransport(name);
  testContract(httpContract(transport));
  // Undici takes a 100 Continue that it did not ask for as an offence.
  testHttp(transport, { continues: name === 'http' });
}

for (const name of ['grpc', 'grpc-js'] as const) {
  const transport = await loadTransport(name);
  testContract(grpcContract(transport));
  testGrpc(transport);
}
