// The customer service on gRPC C++ as its examples write it: a map behind a lock, default settings and limits.
//
// Usage: peer-cpp ADDRESS:PORT async|callback
//        peer-cpp --version

#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <cstring>
#include <functional>
#include <iostream>
#include <memory>
#include <shared_mutex>
#include <string>
#include <unordered_map>

#include "ticketing.grpc.pb.h"

namespace {

using ticketing::CreateCustomerRequest;
using ticketing::Customer;
using ticketing::CustomerController;
using ticketing::CustomerList;
using ticketing::GetCustomerRequest;
using ticketing::ListCustomersRequest;

class Customers {
 public:
  grpc::Status get(const GetCustomerRequest& request, Customer* answer) const {
    std::shared_lock lock(mutex_);
    const auto found = by_id_.find(request.id());
    if (found == by_id_.end()) return {grpc::StatusCode::NOT_FOUND, "no such customer"};
    *answer = found->second;
    return grpc::Status::OK;
  }

  grpc::Status create(const CreateCustomerRequest& request, Customer* answer) {
    std::unique_lock lock(mutex_);
    char id[37];
    // As long as the product's.
    std::snprintf(id, sizeof id, "%036zu", by_id_.size());
    answer->set_id(id);
    answer->set_first_name(request.first_name());
    answer->set_last_name(request.last_name());
    by_id_[id] = *answer;
    return grpc::Status::OK;
  }

  grpc::Status list(const ListCustomersRequest&, CustomerList* answer) const {
    std::shared_lock lock(mutex_);
    for (const auto& [id, customer] : by_id_) {
      if (answer->customers_size() == 100) break;
      *answer->add_customers() = customer;
    }
    return grpc::Status::OK;
  }

 private:
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, Customer> by_id_;
};

class Callback final : public CustomerController::CallbackService {
 public:
  grpc::ServerUnaryReactor* GetCustomer(grpc::CallbackServerContext* context, const GetCustomerRequest* request,
                                        Customer* answer) override {
    return finish(context, customers_.get(*request, answer));
  }
  grpc::ServerUnaryReactor* CreateCustomer(grpc::CallbackServerContext* context, const CreateCustomerRequest* request,
                                           Customer* answer) override {
    return finish(context, customers_.create(*request, answer));
  }
  grpc::ServerUnaryReactor* ListCustomers(grpc::CallbackServerContext* context, const ListCustomersRequest* request,
                                          CustomerList* answer) override {
    return finish(context, customers_.list(*request, answer));
  }

 private:
  static grpc::ServerUnaryReactor* finish(grpc::CallbackServerContext* context, const grpc::Status& status) {
    auto* reactor = context->DefaultReactor();
    reactor->Finish(status);
    return reactor;
  }

  Customers customers_;
};

// A call of the asynchronous server: asked for, then answered, then gone.
class Step {
 public:
  virtual ~Step() = default;
  virtual void proceed(bool ok) = 0;
};

template <typename Request, typename Answer>
class Call final : public Step {
 public:
  using Ask = void (CustomerController::AsyncService::*)(grpc::ServerContext*, Request*,
                                                         grpc::ServerAsyncResponseWriter<Answer>*, grpc::CompletionQueue*,
                                                         grpc::ServerCompletionQueue*, void*);

  Call(CustomerController::AsyncService& service, grpc::ServerCompletionQueue& queue, Ask ask,
       std::function<grpc::Status(const Request&, Answer*)> handle)
      : service_(service), queue_(queue), ask_(ask), handle_(std::move(handle)), writer_(&context_) {
    (service_.*ask_)(&context_, &request_, &writer_, &queue_, &queue_, this);
  }

  void proceed(bool ok) override {
    if (answered_ || !ok) {
      delete this;
      return;
    }
    new Call(service_, queue_, ask_, handle_);
    answered_ = true;
    const grpc::Status status = handle_(request_, &answer_);
    status.ok() ? writer_.Finish(answer_, status, this) : writer_.FinishWithError(status, this);
  }

 private:
  CustomerController::AsyncService& service_;
  grpc::ServerCompletionQueue& queue_;
  const Ask ask_;
  const std::function<grpc::Status(const Request&, Answer*)> handle_;
  grpc::ServerContext context_;
  Request request_;
  Answer answer_;
  grpc::ServerAsyncResponseWriter<Answer> writer_;
  bool answered_ = false;
};

void serve_callback(const std::string& address) {
  Callback service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials());
  builder.RegisterService(&service);
  builder.BuildAndStart()->Wait();
}

void serve_async(const std::string& address) {
  Customers customers;
  CustomerController::AsyncService service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials());
  builder.RegisterService(&service);
  const auto queue = builder.AddCompletionQueue();
  const auto server = builder.BuildAndStart();
  using Service = CustomerController::AsyncService;
  // As many as stand ready in the product.
  for (int slot = 0; slot < 256; ++slot) {
    new Call<GetCustomerRequest, Customer>(service, *queue, &Service::RequestGetCustomer,
                                           [&](const auto& request, auto* answer) { return customers.get(request, answer); });
    new Call<CreateCustomerRequest, Customer>(service, *queue, &Service::RequestCreateCustomer,
                                              [&](const auto& request, auto* answer) { return customers.create(request, answer); });
    new Call<ListCustomersRequest, CustomerList>(service, *queue, &Service::RequestListCustomers,
                                                 [&](const auto& request, auto* answer) { return customers.list(request, answer); });
  }
  void* tag = nullptr;
  bool ok = false;
  while (queue->Next(&tag, &ok)) static_cast<Step*>(tag)->proceed(ok);
}

}  // namespace

int main(int count, char** arguments) {
  if (count == 2 && std::strcmp(arguments[1], "--version") == 0) {
    std::cout << "gRPC C++ " << grpc::Version() << '\n';
    return 0;
  }
  if (count != 3) {
    std::cerr << "usage: peer-cpp ADDRESS:PORT async|callback\n";
    return 2;
  }
  std::strcmp(arguments[2], "callback") == 0 ? serve_callback(arguments[1]) : serve_async(arguments[1]);
}
