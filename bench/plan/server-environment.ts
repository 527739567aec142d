import { z } from 'zod';

const variablesMost = 100;
const valueMost = 32_768;

/** Read back by the engines from what a run needs; another value would leave a server without its own files. */
const own = ['LD_LIBRARY_PATH', 'PATH', 'PYTHONHOME', 'PYTHONPATH'];

/** Variables of the server's process, by name: what an allocator, a math library or a backend is told at start. */
export const serverEnvironment = z
  .record(
    z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,199}$/),
    z
      .string({ error: 'the value of a variable is a text: put numbers in quotes' })
      .max(valueMost, `the value of a variable has at most ${valueMost} characters`)
      .refine((value) => !/\p{Cc}/u.test(value), 'the value of a variable holds no control characters'),
    {
      error: ({ code }) =>
        code === 'invalid_key'
          ? 'a variable is named by letters, digits and "_"'
          : 'environment gives variables their values: { LD_PRELOAD: /usr/lib/libjemalloc.so.2 }',
    },
  )
  .refine((variables) => Object.keys(variables).length <= variablesMost, `at most ${variablesMost} variables`)
  .superRefine((variables, context) => {
    for (const name of own.filter((each) => Object.hasOwn(variables, each)))
      context.addIssue({
        code: 'custom',
        path: [name],
        message: 'decides which server and which files run: set it where tritune is started',
      });
  })
  .default({});
