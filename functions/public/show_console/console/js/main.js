/** Starts the console. */

import { onRefused } from "./api.js";
import { PLACES } from "./places.js";
import * as router from "./router.js";
import * as shell from "./shell.js";

onRefused(() => shell.askWho("Your credential is not accepted any more. Sign in again to go on."));
shell.build(PLACES);
router.start(PLACES, shell.show);
