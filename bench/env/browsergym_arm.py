"""BrowserGym on MiniWoB++, one process for each environment, since it runs one at a time in a process.

usage: browsergym_arm.py WORK.json shipped|tuned
`shipped` is BrowserGym's own configuration (0.5 s before each observation, 0.1 s in each action); `tuned` sets both to 0.
"""

import multiprocessing
import sys
import time
import warnings

import arm

# BrowserGym zooms the pages of MiniWoB++ by 1.5 in a viewport of 332x214: pictures of 498x321 pixels.
ZOOM = 1.5


def play(episodes, tuned, results, barrier):
    warnings.filterwarnings("ignore")
    import browsergym.miniwob  # noqa: F401 (registers the tasks)
    import gymnasium
    from browsergym.core.action.highlevel import HighLevelActionSet

    actions = HighLevelActionSet(subsets=["chat", "infeas", "bid", "coord", "nav"], multiaction=False)
    options = {"pre_observation_delay": 0.0, "slow_mo": 0} if tuned else {}

    def make(task):
        made = gymnasium.make(
            f"browsergym/miniwob.{task}",
            headless=True,
            action_mapping=actions.to_python_code,
            disable_env_checker=True,
            **options,
        )
        return made.unwrapped

    warm = make(episodes[0]["task"])
    warm.reset(seed=0)
    warm.close()
    timing, env = arm.Timing(), None
    barrier.wait()
    for part in episodes:
        if env:
            env.close()
        env = make(part["task"])
        for nth, seed in enumerate(part["seeds"]):
            begun = time.perf_counter()
            env.reset(seed=seed)
            (timing.reset_ms if nth else timing.load_ms).append(arm.ms(begun))
            for x, y in part["clicks"]:
                begun = time.perf_counter()
                seen = env.step(f"mouse_click({x * ZOOM}, {y * ZOOM})")[0]
                timing.step_ms.append(arm.ms(begun))
                if seen["last_action_error"]:
                    raise RuntimeError(seen["last_action_error"])
                timing.picture_bytes.append(int(seen["screenshot"].nbytes))
                timing.elements.append(len(seen["extra_element_properties"]))
    results.put(vars(timing))
    barrier.wait()
    env.close()


def main():
    envs, tuned = arm.work()["envs"], sys.argv[2] == "tuned"
    context = multiprocessing.get_context("spawn")
    results, barrier = context.Queue(), Barrier(context, len(envs))
    processes = [context.Process(target=play, args=(episodes, tuned, results, barrier)) for episodes in envs]
    for process in processes:
        process.start()
    barrier.all_there()
    arm.say("ready")
    arm.hear("go")
    begun = time.perf_counter()
    barrier.open()
    timing = arm.Timing()
    for _ in envs:
        timing.add(results.get(timeout=300))
    arm.say_result(timing, time.perf_counter() - begun)
    arm.hear("end")
    barrier.all_there()
    barrier.open()
    for process in processes:
        process.join(20)
        if process.is_alive():
            process.kill()


class Barrier:
    """Holds the environments until the arm says so."""

    def __init__(self, context, count):
        self.count, self.arrived, self.gate = count, context.Semaphore(0), context.Semaphore(0)

    def wait(self):
        self.arrived.release()
        self.gate.acquire()

    def all_there(self):
        for _ in range(self.count):
            if not self.arrived.acquire(timeout=180):
                sys.exit("an environment of BrowserGym did not come up")

    def open(self):
        for _ in range(self.count):
            self.gate.release()


if __name__ == "__main__":
    main()
