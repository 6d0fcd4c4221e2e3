"""Who lives in one process in the lab, and in the world does not, waits for nobody else."""

import json
import subprocess

import pytest
from install import VERSIONS, folder_of
from lab import HERE, TIMEOUT

JOBS = """
import { createRequire } from 'node:module'
const { openLibrary } = await import(process.argv[1])
const installed = process.argv[2]
const library = await openLibrary(installed)
const queueJob = createRequire(installed + '/node_modules/@whiskeysockets/baileys/package.json')('libsignal/src/queue_job')
const done = []
let goOn
const olgaIsDone = new Promise(resolve => (goOn = resolve))
const job = (device, name, work = () => {}) =>
	library.as(device, () =>
		queueJob('15550000001.7', async () => {
			await work()
			done.push(name)
		})
	)
await Promise.all([
	job('judy.0', 'slow of judy', () => olgaIsDone),
	job('judy.0', 'quick of judy'),
	job('olga.0', 'of olga').then(goOn)
])
process.stdout.write(JSON.stringify(done))
"""


@pytest.mark.parametrize("version", VERSIONS)
def test_a_device_waits_for_its_own_jobs_with_an_address_and_for_nobody_elses(installed, version):
    """The queue of an address in libsignal keeps the order within one device; another's job neither waits nor changes hands."""
    command = ["node", "--input-type=module", "-e", JOBS, str(HERE / "lab" / "library.mjs"), str(folder_of(version))]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == ["of olga", "slow of judy", "quick of judy"]
