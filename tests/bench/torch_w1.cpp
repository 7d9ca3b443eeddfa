// torch_w1.cpp: the step of torch_w1.py through libtorch, without Python's share: PyTorch at its fastest.
//
//   g++ -O2 -std=c++17 torch_w1.cpp -I/usr/include/torch/csrc/api/include -ltorch -ltorch_cpu -lc10 -o torch_w1 && ./torch_w1 THREADS SECONDS
#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

static double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

int main(int argc, char **argv) {
  const int threads = argc > 1 ? std::atoi(argv[1]) : 1;
  const double seconds = argc > 2 ? std::atof(argv[2]) : 2;
  at::set_num_threads(threads);
  torch::manual_seed(1);
  namespace nn = torch::nn;
  nn::Sequential net(nn::Flatten(), nn::Linear(784, 512), nn::ReLU(), nn::Linear(512, 512), nn::ReLU(), nn::Linear(512, 10));
  torch::optim::Adam adam(net->parameters(), torch::optim::AdamOptions(1e-5));
  auto x = torch::rand({128, 1, 28, 28}), y = torch::randint(10, {128}, torch::kLong);
  auto step = [&] {
    adam.zero_grad();
    auto loss = nn::functional::cross_entropy(net->forward(x), y);
    loss.backward();
    adam.step();
    return loss;
  };
  const double first = step().item<double>();
  double last = first;
  for (int i = 0; i < 20; i++) step();
  std::vector<double> times;
  for (const double begin = now(); now() - begin < seconds || times.size() < 7;) {
    const double t = now();
    auto loss = step();
    times.push_back(now() - t);
    if (times.size() % 16 == 0) last = loss.item<double>();
  }
  if (!(last < first)) return std::fprintf(stderr, "torch_w1: the loss did not fall: %g -> %g\n", first, last), 1;
  std::nth_element(times.begin(), times.begin() + times.size() / 2, times.end());
  std::printf("%.4f ms, libtorch %s\n", times[times.size() / 2] * 1e3, TORCH_VERSION);
}
