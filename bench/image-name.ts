/** As registries have it: host, path, tag and digest; small letters but for host and tag. */
const reference =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?\/)?[a-z0-9]+(?:(?:\.|_{1,2}|-+|\/)[a-z0-9]+)*(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/;
const charactersMost = 512;

/** Whether a text can name a container image; one that cannot never reaches a command line. */
export function isImageName(text: string): boolean {
  return text.length <= charactersMost && reference.test(text);
}
