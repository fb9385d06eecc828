// As the usual tutorial has it: post the task, then ask for its status each 100 ms.
const page = document.getElementById("shelves");

async function poll(task) {
  const answer = await (await fetch(`/status/${task}`)).json();
  if (answer.state === "SUCCESS") {
    page.innerHTML = answer.html;
  } else if (answer.state === "FAILURE") {
    page.dataset.state = "failed";
  } else {
    setTimeout(poll, 100, task);
  }
}

fetch("/picks", { method: "POST" })
  .then((answer) => answer.json())
  .then((started) => poll(started.task));
