/**
 * Makes a check of times again, three times in all, where it fails: what other work on the host takes away comes and goes, while
 * what is wrong is wrong each time, so that one try of several is enough. Only for checks that such work can break.
 * @throws what the last try failed with.
 */
export async function undisturbed(attempt: () => Promise<void>, triesMost = 3): Promise<void> {
  for (let left = triesMost; ; left -= 1) {
    try {
      return await attempt();
    } catch (error) {
      if (left <= 1) throw error;
    }
  }
}
